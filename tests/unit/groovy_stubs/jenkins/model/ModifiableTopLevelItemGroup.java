package jenkins.model;
public interface ModifiableTopLevelItemGroup {}
