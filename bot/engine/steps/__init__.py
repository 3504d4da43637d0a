"""How a run is carried out: what `await self.do(...)` and its like mean."""
