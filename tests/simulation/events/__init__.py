"""What happens in a world, each at its moment: the weather, and what people do."""

from simulation.events.base import Event, Scene
from simulation.events.cutouts import ForgeCutout, SaveOver, Scribble
from simulation.events.machine import ClockStep, DiskFull, HungShare, Kill, LedgerAway, TreeAway
from simulation.events.orders import LeaveFolder, Order, Pause, Reload
from simulation.events.photos import FeedBack, ForeignFile, MoveToAway, PutPhoto, RemovePhoto, RenamePhoto, Retouch
from simulation.events.service import NetworkFault, RemovalFault

__all__ = [
    "ClockStep",
    "DiskFull",
    "Event",
    "FeedBack",
    "ForeignFile",
    "ForgeCutout",
    "HungShare",
    "Kill",
    "LeaveFolder",
    "LedgerAway",
    "MoveToAway",
    "NetworkFault",
    "Order",
    "Pause",
    "PutPhoto",
    "Reload",
    "RemovalFault",
    "RemovePhoto",
    "RenamePhoto",
    "Retouch",
    "SaveOver",
    "Scene",
    "Scribble",
    "TreeAway",
]
