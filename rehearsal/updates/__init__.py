"""An update centre on this machine, and a controller's plugins to go with it. Origin of the data: README.md."""

from rehearsal.updates.server import UpdateCentreStandIn
from rehearsal.updates.sixty import install_sixty

__all__ = ["UpdateCentreStandIn", "install_sixty"]
