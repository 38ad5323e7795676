"""Who may do what. Policy only, without I/O; time and entropy are given. Times are wall-clock milliseconds."""

from securevision.access.decisions import Decision, Demand, decide
from securevision.access.principals import Principal
from securevision.domain.rights import Permission

__all__ = ["Decision", "Demand", "Permission", "Principal", "decide"]
