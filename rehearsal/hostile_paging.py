"""Hostile ways of leading through a list: Links, totals, orders, offsets."""

from dataclasses import replace
from datetime import timedelta

from rehearsal.hostile_behaviour import Behaviour, Outcome, behaviour
from rehearsal.hostile_cdrs import Truth, draw
from rehearsal.hostile_pages import SIZE, Ask, answered, page
from rehearsal.hostile_play import TOKEN
from rehearsal.hostile_wire import Reply

PAGING: dict[str, Behaviour] = {}


@behaviour(PAGING, Outcome.ALL)
def link_missing(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, link=None)


@behaviour(PAGING, Outcome.ALL)
def link_to_another_host(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, link=f"{ask.play.stranger}/cdrs?offset={ask.offset + SIZE}")


@behaviour(PAGING, Outcome.ALL)
def link_to_an_internal_host(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, link=f"http://10.11.12.13:8080/ocpi/cdrs?offset={ask.offset + SIZE}")


@behaviour(PAGING, Outcome.ALL)
def link_without_filters(ask: Ask) -> Reply:
    ask.danger()
    link = ask.url(offset=str(ask.offset + SIZE), date_from=None, date_to=None)
    return page(ask, truths=[*ask.play.older, *ask.play.truths], link=link)


@behaviour(PAGING, Outcome.ALL)
def link_back_to_the_first_page(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, link=ask.url(offset="0"))


@behaviour(PAGING, Outcome.ALL)
def link_to_itself(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, link=ask.url())


@behaviour(PAGING, Outcome.ALL)
def link_relative(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, link="?" + ask.url(offset=str(ask.offset + SIZE)).split("?", 1)[1])


@behaviour(PAGING, Outcome.ALL)
def link_is_no_address(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, link="http://[::1:99999/?offset=x")


@behaviour(PAGING, Outcome.ALL)
def link_with_our_token(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, link=f"{ask.url(offset=str(ask.offset + SIZE))}&token={TOKEN}")


@behaviour(PAGING, Outcome.ALL)
def link_skips_a_page(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, link=ask.url(offset=str(ask.offset + 2 * SIZE)))


@behaviour(PAGING, Outcome.ALL)
def link_beyond_the_end(ask: Ask) -> Reply:
    if ask.offset + SIZE >= len(ask.play.truths):
        ask.danger()
    return page(ask, link=ask.url(offset=str(ask.offset + SIZE)))


@behaviour(PAGING, Outcome.ALL)
def link_is_opaque_and_offsets_are_ignored(ask: Ask) -> Reply:
    at = int(ask.asked.query.get("cursor", "c0")[1:])
    ask.danger()
    link = ask.url(cursor=f"c{at + SIZE}", offset=None) if at + SIZE < len(ask.play.truths) else None
    return page(ask, offset=at, link=link)


@behaviour(PAGING, Outcome.ALL)
def empty_pages_for_ever(ask: Ask) -> Reply:
    if ask.offset < len(ask.play.truths):
        return page(ask)
    ask.danger()
    return page(ask, link=ask.url(cursor=str(ask.number)))


@behaviour(PAGING, Outcome.SAID)
def records_for_ever(ask: Ask) -> Reply:
    return _endless(ask, total=len(ask.play.truths))


@behaviour(PAGING, Outcome.SAID)
def records_for_ever_and_no_total(ask: Ask) -> Reply:
    return _endless(ask, total=None)


def _endless(ask: Ask, *, total: int | None) -> Reply:
    ask.danger()
    last = ask.play.truths[-1]
    more = [replace(last, cdr_id=f"{last.cdr_id}-{ask.offset + number}") for number in range(100)]
    for truth in more:
        ask.play.remember(truth)
    return page(ask, truths=more, offset=0, size=100, total=total, link=None)


@behaviour(PAGING, Outcome.ALL)
def order_is_shuffled(ask: Ask) -> Reply:
    ask.danger()
    shuffled = list(ask.play.truths)
    ask.play.rng.shuffle(shuffled)
    return page(ask, truths=shuffled)


@behaviour(PAGING, Outcome.EITHER)
def order_is_turned_round_each_time(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, truths=ask.play.truths[:: 1 if ask.number % 2 else -1])


@behaviour(PAGING, Outcome.EITHER)
def order_is_shuffled_and_no_total(ask: Ask) -> Reply:
    ask.danger()
    shuffled = list(ask.play.truths)
    ask.play.rng.shuffle(shuffled)
    return page(ask, truths=shuffled, total=None)


@behaviour(PAGING, Outcome.ALL)
def record_comes_in_front_meanwhile(ask: Ask) -> Reply:
    if ask.number == 3:
        ask.danger()
        first = ask.play.truths[0]
        _put(ask, 0, replace(first, cdr_id=f"{first.cdr_id}-new", last_updated=first.last_updated - timedelta(1 / 24)))
    return page(ask)


@behaviour(PAGING, Outcome.ALL)
def records_come_at_the_end_meanwhile(ask: Ask) -> Reply:
    if ask.number in {2, 4}:
        ask.danger()
        last = ask.play.truths[-1]
        later = replace(last, cdr_id=f"{last.cdr_id}+", last_updated=last.last_updated + timedelta(minutes=1))
        _put(ask, len(ask.play.truths), later)
    return page(ask)


@behaviour(PAGING, Outcome.ALL)
def record_goes_meanwhile(ask: Ask) -> Reply:
    if ask.number == 3:
        ask.danger()
        del ask.play.truths[1]
    return page(ask)


@behaviour(PAGING, Outcome.ALL)
def records_go_with_every_page(ask: Ask) -> Reply:
    if 1 < ask.number <= 4:
        ask.danger()
        del ask.play.truths[0]
    return page(ask)


@behaviour(PAGING, Outcome.ALL)
def record_changes_and_moves_to_the_end(ask: Ask) -> Reply:
    if ask.number == 2:
        ask.danger()
        changed = ask.play.truths.pop(1)
        later = ask.play.truths[-1].last_updated + timedelta(minutes=5)
        _put(ask, len(ask.play.truths), replace(changed, net=changed.net + 1, last_updated=later))
    return page(ask)


def _put(ask: Ask, position: int, truth: Truth) -> None:
    ask.play.truths.insert(position, truth)
    ask.play.remember(truth)


@behaviour(PAGING, Outcome.ALL)
def total_missing(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, total=None)


@behaviour(PAGING, Outcome.ALL)
def total_and_link_missing(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, total=None, link=None)


@behaviour(PAGING, Outcome.SAID)
def total_too_high(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, total=len(ask.play.truths) + 2)


@behaviour(PAGING, Outcome.ALL)
def total_too_low(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, total=len(ask.play.truths) - 8, link=None)


@behaviour(PAGING, Outcome.ALL)
def total_is_nought(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, total=0, link=None)


@behaviour(PAGING, Outcome.EITHER)
def total_changes_all_the_time(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, total=ask.play.rng.randrange(10, 60))


@behaviour(PAGING, Outcome.ALL)
def total_is_no_number(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, total="many")


@behaviour(PAGING, Outcome.ALL)
def total_of_five_thousand_digits(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, total="9" * 5000)


@behaviour(PAGING, Outcome.ALL)
def limit_and_offset_are_ignored(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, offset=0, size=1000)


@behaviour(PAGING, Outcome.SAID)
def limit_and_offset_are_ignored_and_no_total(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, offset=0, size=1000, total=None)


@behaviour(PAGING, Outcome.SAID)
def always_the_first_page(ask: Ask) -> Reply:
    if ask.offset:
        ask.danger()
    return page(ask, offset=0)


@behaviour(PAGING, Outcome.ALL)
def filters_are_ignored(ask: Ask) -> Reply:
    ask.danger()
    if ask.number == 1:
        ask.play.truths[:0] = ask.play.older
        for truth in ask.play.older:
            ask.play.remember(truth)
    shown = page(_unfiltered(ask))
    return shown if "Link" not in shown.headers else page(_unfiltered(ask), link=ask.url(offset=str(ask.offset + SIZE)))


def _unfiltered(ask: Ask) -> Ask:
    query = {name: text for name, text in ask.asked.query.items() if not name.startswith("date_")}
    return replace(ask, asked=replace(ask.asked, query=query))


@behaviour(PAGING, Outcome.ALL, count=65)
def pages_are_capped_at_twenty(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, size=20, link=None)


@behaviour(PAGING, Outcome.ALL)
def pages_are_of_any_length(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, size=ask.play.rng.randrange(1, 8), link=None)


@behaviour(PAGING, Outcome.ALL)
def pages_overlap(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, link=ask.url(offset=str(ask.offset + SIZE - 2)) if ask.offset + SIZE < 23 else None)


@behaviour(PAGING, Outcome.ALL)
def one_page_is_empty_once(ask: Ask) -> Reply:
    if ask.number == 3:
        ask.danger()
        return page(ask, truths=[], total=len(ask.play.truths), link=None)
    return page(ask)


@behaviour(PAGING, Outcome.ALL)
def first_answer_is_an_empty_night(ask: Ask) -> Reply:
    if ask.number == 1:
        ask.danger()
        return page(ask, truths=[])
    return page(ask)


@behaviour(PAGING, Outcome.ALL)
def beyond_the_end_is_an_error(ask: Ask) -> Reply:
    if ask.offset >= len(ask.play.truths):
        ask.danger()
        return replace(answered(None, code=2001, message="offset out of range"), status=400)
    return page(ask)


@behaviour(PAGING, Outcome.ALL)
def every_record_is_listed_twice(ask: Ask) -> Reply:
    ask.danger()
    return page(ask, truths=[truth for truth in ask.play.truths for _ in range(2)])


@behaviour(PAGING, Outcome.ALL, count=0)
def nothing_at_all(ask: Ask) -> Reply:
    ask.danger()
    return page(ask)


@behaviour(PAGING, Outcome.ALL, count=1)
def one_record_and_no_headers(ask: Ask) -> Reply:
    ask.danger()
    return replace(page(ask), headers={})


@behaviour(PAGING, Outcome.ALL)
def a_thousand_records_come_at_once(ask: Ask) -> Reply:
    if ask.number == 2:
        ask.danger()
        last = ask.play.truths[-1].last_updated
        span = {"date_from": last, "date_to": last + timedelta(minutes=20)}
        for truth in draw(1000, rng=ask.play.rng, **span):
            _put(ask, len(ask.play.truths), truth)
    return page(ask, size=100)
