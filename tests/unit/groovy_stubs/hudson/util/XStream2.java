package hudson.util;
import com.thoughtworks.xstream.XStream;
import com.thoughtworks.xstream.XStreamException;
import com.thoughtworks.xstream.converters.UnmarshallingContext;
import com.thoughtworks.xstream.converters.collections.CollectionConverter;
import com.thoughtworks.xstream.io.HierarchicalStreamDriver;
import com.thoughtworks.xstream.io.HierarchicalStreamReader;
import com.thoughtworks.xstream.io.HierarchicalStreamWriter;
import com.thoughtworks.xstream.io.xml.PrettyPrintWriter;
import com.thoughtworks.xstream.io.xml.StandardStaxDriver;
import com.thoughtworks.xstream.security.AnyTypePermission;
import java.io.Writer;
import java.util.*;
import javax.xml.stream.XMLInputFactory;
public class XStream2 extends XStream {
    public XStream2() {
        super(getDefaultDriver());
        addPermission(AnyTypePermission.ANY);
        registerConverter(new RobustCollectionConverter(this), 10);
    }

    public static HierarchicalStreamDriver getDefaultDriver() { return new Driver(); }

    private static class Driver extends StandardStaxDriver {
        @Override
        public HierarchicalStreamWriter createWriter(Writer out) {
            return new PrettyPrintWriter(out, PrettyPrintWriter.XML_1_1, getNameCoder());
        }

        @Override
        protected XMLInputFactory createInputFactory() {
            XMLInputFactory factory = XMLInputFactory.newInstance();
            factory.setProperty(XMLInputFactory.IS_NAMESPACE_AWARE, false);
            factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
            return factory;
        }
    }

    /** Drops what it cannot read, and notes it, as the converter of the same name in Jenkins does. */
    private static class RobustCollectionConverter extends CollectionConverter {
        RobustCollectionConverter(XStream xstream) { super(xstream.getMapper()); }

        @Override
        @SuppressWarnings({"unchecked", "rawtypes"})
        protected void populateCollection(HierarchicalStreamReader reader, UnmarshallingContext context, Collection collection, Collection target) {
            while (reader.hasMoreChildren()) {
                reader.moveDown();
                try {
                    target.add(readBareItem(reader, context, collection));
                } catch (XStreamException e) {
                    List<Throwable> errors = (List<Throwable>) context.get("ReadError");
                    if (errors == null) context.put("ReadError", errors = new ArrayList<>());
                    errors.add(e);
                }
                reader.moveUp();
            }
        }
    }
}
