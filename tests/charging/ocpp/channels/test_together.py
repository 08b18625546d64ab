"""Whoever asks while an answer is under way is answered by the next one, together with all others who do."""

import asyncio

import pytest

from charging.ocpp.channels.together import MOST, Together


class Tables:
    """What is asked: it notes what it is asked for at once, and answers when it is let."""

    def __init__(self):
        self.asked = []
        self.may_answer = asyncio.Event()
        self.away = False

    async def answer(self, keys):
        self.asked.append(list(keys))
        await self.may_answer.wait()
        if self.away:
            raise ConnectionError("away")
        return [f"{key}!" for key in keys]


def test_many_are_asked_for_in_one_question():
    async def ask():
        tables = Tables()
        together = Together(tables.answer)
        first = asyncio.create_task(together.of("a"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        later = [asyncio.create_task(together.of(key)) for key in ("b", "c", "b")]
        await asyncio.sleep(0)
        tables.may_answer.set()
        return await asyncio.gather(first, *later), tables.asked

    answers, asked = asyncio.run(ask())

    assert answers == ["a!", "b!", "c!", "b!"]
    assert asked == [["a"], ["b", "c", "b"]]


def test_nobody_is_answered_by_a_question_that_was_under_way_before():
    async def ask():
        tables = Tables()
        together = Together(tables.answer)
        early = asyncio.create_task(together.of("a"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        late = asyncio.create_task(together.of("a"))
        await asyncio.sleep(0)
        tables.may_answer.set()
        await asyncio.gather(early, late)
        return tables.asked

    assert asyncio.run(ask()) == [["a"], ["a"]]


def test_a_failure_is_heard_by_all_whose_question_it_was_and_by_nobody_after():
    async def ask():
        tables = Tables()
        together = Together(tables.answer)
        tables.may_answer.set()
        tables.away = True
        failed = await asyncio.gather(together.of("a"), together.of("b"), return_exceptions=True)
        tables.away = False
        return failed, await together.of("a")

    failed, answer = asyncio.run(ask())

    assert [type(each) for each in failed] == [ConnectionError, ConnectionError]
    assert answer == "a!"


def test_one_that_waits_no_more_keeps_no_other_waiting():
    async def ask():
        tables = Tables()
        together = Together(tables.answer)
        patient, hasty = asyncio.create_task(together.of("a")), asyncio.create_task(together.of("b"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        hasty.cancel()
        tables.may_answer.set()
        with pytest.raises(asyncio.CancelledError):
            await hasty
        return await patient

    assert asyncio.run(ask()) == "a!"


def test_a_question_is_bounded():
    async def ask():
        tables = Tables()
        together = Together(tables.answer)
        tables.may_answer.set()
        await asyncio.gather(*(together.of(number) for number in range(MOST + 1)))
        return [len(each) for each in tables.asked]

    assert asyncio.run(ask()) == [MOST, 1]
