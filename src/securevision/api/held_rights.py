"""Rights that are used for a while, and looked at again in between."""

from securevision.access import Demand, Principal
from securevision.api.guard import enforce
from securevision.api.identity import Identities
from securevision.domain.ports.clock import Clock


class HeldRight:
    """What somebody may who was let in a while ago: to read a stream, to see a camera or a recording."""

    def __init__(
        self,
        identities: Identities,
        clock: Clock,
        demand: Demand,
        principal: Principal,
        network: str,
        *,
        camera: str | None = None,
    ) -> None:
        self._identities = identities
        self._clock = clock
        self._demand = demand
        self._network = network
        self._camera = camera
        self.principal = principal
        """With the rights of the last look."""

    async def look(self) -> None:
        """Look whether they still may.

        Raises Unauthenticated when what they proved counts no more, Forbidden when they may not any more, and
        Unavailable when nobody can tell.
        """
        now = await self._identities.still(self.principal, self._network)
        enforce(now, self._demand, self._clock.now_ms(), camera=self._camera)
        self.principal = now or self.principal
