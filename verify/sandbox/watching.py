"""What each test says, as soon as it is known, in; whether to go on out: for those who look on while tests run."""

from collections.abc import Sequence

from verify.sandbox.report import TestResult


class Watch:
    """Is told by the thread that runs the tests. This one wants to know nothing, and has all of them run."""

    def known(self, given: Sequence[str]) -> None:
        """What the tests of a script are, in their words. None of them has been run; what was told before is void."""

    def take(self, number: int, result: TestResult) -> bool:
        """Test `number`, from 0, has said this, or something else than it had; False if no other need be run."""
        return True


NOBODY = Watch()
