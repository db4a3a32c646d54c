"""What stays for good is not looked through again and again."""

import gc

from model.settled_memory import settle_memory


def test_what_is_there_is_taken_out_of_the_collectors_way_and_new_garbage_is_still_collected() -> None:
    thresholds = gc.get_threshold()
    frozen = gc.get_freeze_count()
    stays = [[number] for number in range(1000)]
    try:
        settle_memory()
        assert gc.get_freeze_count() > frozen
        assert not any(each is stays[0] for each in gc.get_objects())
        ring: list[object] = []
        ring.append(ring)
        del ring
        assert gc.collect() >= 1
    finally:
        gc.set_threshold(*thresholds)
