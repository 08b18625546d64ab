"""What a person in the Prefect UI wants to see of a run: short Markdown with the numbers, and tables for work lists."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact

MOST_CASES = 500
"""More rows than this no page of the UI shows well; `rehome quarantine export` has all."""

MOST = 1_000
"""Rows that a table in the UI can bear; the database has them all."""


def show_extract(manifest: Mapping[str, Any]) -> None:
    """Show what came, from where."""
    lines = [
        f"**{manifest['source']}**, schema generation {manifest['schema_generation'] or 'none'}, "
        f"content `{manifest['content_sha256'][:12]}`"
        + ("" if manifest["is_new"] else ": the same as before, nothing landed twice"),
        "",
        *_table(("entity", "rows"), manifest["row_counts"].items()),
        "",
        *(f"* {note}" for note in manifest["notes"]),
    ]
    _markdown(f"extract-{manifest['source']}", lines, "What was extracted")


def show_data_docs(index: str) -> None:
    """Show where Data Docs are: every suite, what it said in this run and before, and the rows that fail."""
    lines = [f"[What was expected of the data, and what was found]({Path(index).as_uri()})", "", f"`{index}`"]
    _markdown("data-docs", lines, "Data Docs: every suite and run")


def show_freeze(found: Mapping[str, Any]) -> None:
    """Show whether the legacy's master data stood still, and each row that did not."""
    verdicts = {True: "it stood still", False: "**it did not stand still**", None: "nothing was extracted since"}
    lines = [
        f"Frozen from {found['freeze_from']}: {verdicts[found['holds']]}.",
        f"Compared: `{found['extract']}` with `{found['frozen']}`.",
        "",
        *_table(("what", "rows"), found["counts"].items()),
    ]
    _markdown(f"freeze-{found['source']}", lines, "Whether the legacy stood still")
    changed = [row | {"before": str(row["before"]), "after": str(row["after"])} for row in found["changes"][:MOST]]
    create_table_artifact(key=_key(f"freeze-changes-{found['source']}"), table=changed, description="What changed")


def show_cleansing(result: Mapping[str, Any]) -> None:
    """Show how rows and energy add up, and whose turn it is."""
    names = ("entity", "rows_in", "loaded", "merged", "quarantined", "kwh_before", "kwh_loaded", "kwh_quarantined")
    lines = [
        f"Extract `{result['extract_id']}`: rows in = loaded + merged + quarantined, for every entity.",
        "",
        *_table(names, ([account[name] for name in names] for account in result["accounts"])),
        "",
        "### Mended by rule",
        "",
        *_table(("rule", "values"), ((fix["rule"], fix["rows"]) for fix in result["fixes"])),
        "",
        *(f"* warning: {warning}" for warning in result["warnings"]),
    ]
    _markdown(f"cleanse-{result['source']}", lines, "How rows and energy add up")
    columns = ("owner", "entity", "rule", "rows", "reason")
    waiting = [{name: row[name] for name in columns} for row in result["quarantine"]]
    create_table_artifact(
        key=_key(f"quarantine-{result['source']}"), table=waiting, description="Rows that wait, and for whom"
    )


def show_work_list(result: Mapping[str, Any]) -> None:
    """Show what waits: counts by party, and each party's cases as a table of its own."""
    names = ("owner", "entity", "rule", "kind", "cases", "oldest_days")
    lines = [
        "What waits, and for whom; answer with this flow, or `rehome quarantine`.",
        "",
        *_table(names, ([group[name] for name in names] for group in result["counts"])),
    ]
    _markdown("quarantine", lines, "What stands in quarantine")
    columns = ("key", "entity", "row_key", "rule", "reason", "age_days")
    turns = [" ".join(filter(None, (case["owner"], case["partner"]))) for case in result["cases"]]
    for owner in sorted(set(turns)):
        here = (case for case, turn in zip(result["cases"], turns, strict=True) if turn == owner)
        cases = [{name: case[name] for name in columns} for case in here]
        create_table_artifact(
            key=_key(f"quarantine-for-the-{owner}"),
            table=cases[:MOST_CASES],
            description=f"{len(cases)} cases wait for the {owner}",
        )


def show_answers(result: Mapping[str, Any]) -> None:
    """Show what became, or would become, of each row, and which answers cannot be taken."""
    lines = [
        "Would be done (dry run)." if result["dry_run"] else "Done.",
        "",
        *_table(
            ("case", "row", "decision", "became"),
            ((case["key"], case["row_key"], case["choice"], case["became"]) for case in result["cases"][:MOST_CASES]),
        ),
    ]
    lines += [
        f"* line {no['row']}, {_cell(no['column'])}: {_cell(no['problem'])}; {_cell(no['mend'])}"
        for no in result.get("problems", ())[:MOST_CASES]
    ]
    lines += [
        f"* {no['key']}: {_cell(no['problem'])}; {_cell(no['mend'])}" for no in result.get("refused", ())[:MOST_CASES]
    ]
    _markdown("quarantine-answers", lines, "What became of rows in quarantine")


def show_remap(result: Mapping[str, Any]) -> None:
    """Show what was remapped, and what only the owner can decide."""
    text = (
        f"{result['evses']} EVSEs: {result['kept']} keep their id, {result['approved']} changes approved, "
        f"{result['proposed']} proposed, {result['needs_owner']} need the owner's decision, "
        f"{len(result['collided'])} refused because the id is another's. `evse_uid` never changes."
    )
    collided = ((row["evse_uid"], row["after"], row["reason"]) for row in result["collided"])
    _markdown("remap-ids", [text, "", *_table(("EVSE", "id", "why it is refused"), collided)], "EVSE ids")
    create_table_artifact(
        key="remap-owner", table=list(result["questions"]), description="EVSE ids that only the owner can change"
    )


def show_impact(sheet: Mapping[str, Any]) -> None:
    """Show what the new ids mean outside: what it costs, whom to tell, and where the sheet and the stickers are."""
    costs = ((cost.way, cost.item, cost.count, cost.total, cost.currency) for cost in sheet["costs"])
    told = ((each.name, each.state, each.changes) for each in sheet["recipients"])
    lines = [
        sheet["headline"],
        "",
        *_table(("way", "item", "how many", "together", ""), costs),
        "",
        *_table(("to tell", "state", "changes not told"), told),
        "",
        f"Sheet: `{sheet['path']}`; {sheet['artwork']} files of stickers in `{sheet['stickers_folder']}`",
    ]
    _markdown("remap-impact", lines, "What the new EVSE ids mean outside")


def show_load(result: Mapping[str, Any]) -> None:
    """Show what was, or would be, created, changed, left and refused at the target."""
    what = "Would be done (dry run)" if result["dry_run"] else "Done, and read back"
    rows = ((entity, *actions.values()) for entity, actions in result["by_entity"].items())
    verdicts = ", ".join(f"{number} {verdict}" for verdict, number in result["verdicts"].items())
    lines = [
        f"{what}, target of kind {result['target']}.",
        "",
        *_table(("entity", "create", "update", "same", "refuse", "unknown"), rows),
        "",
        *([f"As the target was seen to hold it: {verdicts}."] if verdicts else []),
    ]
    _markdown("load-target", lines, "What the target has")
    changed = [row | {"fields": str(row["fields"])} for row in result["changes"][:MOST]]
    create_table_artifact(key="load-changes", table=changed, description="What changes, field by field")
    create_table_artifact(key="load-refused", table=list(result["refused"]), description="Rows not loaded, and why")


def show_proof(result: Mapping[str, Any]) -> None:
    """Show every sum from source to target, and the rows that are not there."""
    lines = [
        ("Every sum adds up" if result["adds_up"] else "**A sum does not add up**")
        + ("." if result["is_settled"] else ", and rows are not at the target as they should be."),
        "",
        *_table(
            ("what", "step", "unit", "before", "less", "after", "adds up"),
            (
                (
                    *(one[name] for name in ("subject", "step", "unit", "before")),
                    ", ".join(f"{number} {name}" for name, number in one["exceptions"].items()),
                    one["after"],
                    "yes" if one["adds_up"] else "NO",
                )
                for one in result["lines"]
            ),
        ),
    ]
    _markdown("proof", lines, "What proves the load")
    rows = list(result["rows"][:MOST])
    create_table_artifact(key="proof-exceptions", table=rows, description="Rows that are not there, and why")


def show_plan(plan: Mapping[str, Any]) -> None:
    """Show the waves and the stations that are in none."""
    waves = ((wave["wave"], wave["stations"], "pilot" if wave["is_pilot"] else "") for wave in plan["waves"])
    lines = [f"Plan `{plan['plan_id']}`", "", *_table(("wave", "stations", ""), waves)]
    _markdown("plan", lines, "Which stations move together")
    create_table_artifact(key="plan-held", table=list(plan["held"]), description="Stations in no wave, and why")


def show_gate(gate: Mapping[str, Any]) -> None:
    """Show the question, the verdict and the evidence before a wave."""
    _markdown(
        f"gate-{gate['plan_id']}-{gate['wave']}", gate_text(gate).splitlines(), f"Gate before wave {gate['wave']}"
    )


def gate_text(gate: Mapping[str, Any]) -> str:
    """Return a gate as Markdown: what is asked, what the machine says, and on what grounds.

    A list, not a table: the form at the gate is narrow, and a table would hide the reasons.
    """
    held = f"Held back, as their type's pilot failed: {', '.join(gate['held_back'])}." if gate["held_back"] else ""
    lines = [
        f"### Shall wave {gate['wave']} of {gate['plan_id']} be cut over?",
        "",
        f"{gate['stations']} stations. The machine's verdict: **{gate['verdict']}**. It never opens a gate by itself.",
        held,
        "",
        *(
            f"* **{_cell(found['criterion'])}**, {found['verdict']}: {_cell(found['reason'])}"
            for found in gate["findings"]
        ),
        "",
        f"Evidence {gate['evidence_sha256'][:16]}…, in full in the gate pack among the reports.",
    ]
    return "\n".join(lines)


def show_wave(outcome: Mapping[str, Any]) -> None:
    """Show how a wave ended."""
    lines = [
        f"Wave {outcome['wave']} of `{outcome['plan_id']}`"
        + (" (dry run: nothing was sent)" if outcome["dry_run"] else ""),
        "",
        *_table(("stage", "stations"), sorted(outcome["stages"].items())),
    ]
    _markdown(f"wave-{outcome['plan_id']}-{outcome['wave']}", lines, f"How wave {outcome['wave']} ended")
    create_table_artifact(
        key=_key(f"wave-{outcome['plan_id']}-{outcome['wave']}-not-moved"),
        table=list(outcome["not_moved"]),
        description="Stations that did not move, and why",
    )


def show_rollback(result: Mapping[str, Any]) -> None:
    """Show which stations went, or would go, back."""
    lines = [
        f"{len(result['stations'])} stations of `{result['plan_id']}`"
        + (" would go back (dry run)" if result["dry_run"] else ": done")
        + (f"; {len(result['by_hand'])} were moved by hand: a work order each" if result["by_hand"] else ""),
        "",
        *_table(("stage", "stations"), sorted(result["ended"].items())),
    ]
    _markdown(f"roll-back-{result['plan_id']}", lines, "Stations on their way back")


def show_firmware_plan(plan: Mapping[str, Any]) -> None:
    """Show who would fetch an image when, and who does not take part."""
    whole = f"{len(plan['turns'])} stations within {plan['seconds']} s, each where its cell and carrier have room"
    lines = [
        f"Campaign `{plan['campaign_id']}`, version `{plan['version']}`: {whole}; {len(plan['has_it'])} have it.",
        "Would be done (dry run): nothing was sent." if plan["dry_run"] else "The turns as planned.",
        "",
        *_table(("not now", "why"), sorted(plan["not_now"].items())[:MOST_CASES]),
    ]
    _markdown(f"firmware-plan-{plan['campaign_id']}", lines, "Who fetches the image when")
    turns = list(plan["turns"][:MOST])
    create_table_artifact(key=_key(f"firmware-turns-{plan['campaign_id']}"), table=turns, description="The turns")


def show_firmware(outcome: Mapping[str, Any]) -> None:
    """Show how every station of a campaign stands: done is who has booted with the version, as it was before."""
    changed = [(one["station_id"], what) for one in outcome["stations"] for what in one["changed"]]
    lines = [
        f"Campaign `{outcome['campaign_id']}`, version `{outcome['version']}`. It ended: {_cell(outcome['ended'])}.",
        "",
        *_table(("state", "stations"), sorted(outcome["states"].items())),
        "",
        "### Configuration, before and after",
        "",
        *_table(("of those that have the version", "stations"), sorted(outcome["compared"].items())),
        "",
        *(_table(("station", "what the update changed"), changed[:MOST_CASES]) if changed else []),
    ]
    _markdown(f"firmware-{outcome['campaign_id']}", lines, "How the firmware campaign stands")
    columns = ("station_id", "rank", "state", "reason", "since", "compared")
    rows = [{name: one[name] for name in columns} for one in outcome["stations"][:MOST]]
    key = _key(f"firmware-{outcome['campaign_id']}-stations")
    create_table_artifact(key=key, table=rows, description="Every station of the campaign")


def show_drifts(result: Mapping[str, Any]) -> None:
    """Show which types of stations no longer behave as recorded, and which nobody has learnt yet."""
    said = f"{len(result['drifts'])} behaviours are not as recorded, {result['alarms']} alarms were raised."
    lines = [
        f"{result['observed']} events of {result['types']} types, recorded since what is kept was learnt. {said}",
        "",
        *(f"* **{_cell(drift)}**" for drift in result["drifts"]),
        "",
        *([f"Kept of no type yet: {_cell(', '.join(result['unknown']))}."] if result["unknown"] else []),
    ]
    _markdown("flavour-drifts", lines, "Types of stations that behave otherwise than recorded")


def show_nights(nights: Sequence[Mapping[str, Any]], *, troubles: Sequence[str]) -> None:
    """Show each partner's verdicts, the money at risk, and what was not complete."""
    for one in nights:
        head = (
            f"**{one['partner']}**, {one['day']}: {one['judged']} verdicts, {one['to_follow_up']} to follow up, "
            f"at risk {one['money_at_risk'] or 'nothing'}."
        )
        lines = [
            head,
            "",
            *([] if one["is_complete"] else [f"**Incomplete**: {one['incomplete_because']}", ""]),
            *_table(("verdict", "CDRs or pairs"), sorted(one["verdicts"].items())),
            *_feed(one.get("feed")),
            *_reopened(one.get("reopened", ())),
            *_noted(one.get("notes", ())),
        ]
        _markdown(f"night-{one['partner']}", lines, f"Reconciliation with {one['partner']}")
    if troubles:
        _markdown("night-troubles", [f"* {trouble}" for trouble in troubles], "Partners that could not be reconciled")


def _feed(found: Mapping[str, Any] | None) -> list[str]:
    """Say what is not as it should be in what the partner sent, though it was judged."""
    if not found or not found["warnings"]:
        return []
    asked = f"{found['asked']} of its {found['cdrs']} CDRs were asked about."
    return ["", "### What it sent", "", asked, "", *(f"* {warning}" for warning in found["warnings"])]


def _reopened(nights: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say which earlier nights were judged again, why, and what changed."""
    if not nights:
        return []
    rows = (
        (each["day"], each["because"], ", ".join(f"{number} {move}" for move, number in each["changed"].items()))
        for each in nights
    )
    return ["", "### Judged again", "", *_table(("night", "because", "what changed"), rows)]


def _noted(notes: Sequence[str]) -> list[str]:
    """Say what was noticed beside the verdicts."""
    return ["", "### Noticed", "", *(f"* {_cell(note)}" for note in notes)] if notes else []


def show_follow_up(partners: Sequence[Mapping[str, Any]], tied: Mapping[str, Any]) -> None:
    """Show what became of each partner's cases, and which invoices do not tie out."""
    names = ("partner", "open", "reminded", "escalated", "proposed")
    lines = [
        *_table(names, ([each[name] for name in names] for each in partners)),
        "",
        "### Invoices that do not tie out",
        "",
        *_table(("partner", "invoice", "difference", "amount", "what"), _differences(tied)),
    ]
    _markdown("follow-up", lines, "Cases and invoices followed up")


def _differences(tied: Mapping[str, Any]) -> Iterable[Sequence[object]]:
    for each in tied["invoices"]:
        one = each["tie_out"]
        for named in () if each["is_tied"] else one.differences:
            amount = f"{named.amount} {one.currency}"
            yield one.partner, one.invoice_id, named.difference, amount, named.explanation


def show_reports(result: Mapping[str, Any]) -> None:
    """Show which reports were written, and where."""
    rows = ((report["kind"], report["path"], report["content_sha256"][:12]) for report in result["reports"])
    _markdown("reports", _table(("report", "path", "content"), rows), "Reports")


def _markdown(key: str, lines: Iterable[str], description: str) -> None:
    create_markdown_artifact(markdown="\n".join(lines), key=_key(key), description=description)


def _key(text: str) -> str:
    """Return a key as Prefect takes it: lower case, digits and dashes."""
    return "".join(character if character.isalnum() and character.isascii() else "-" for character in text.lower())


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    body = [f"| {' | '.join(_cell(value) for value in row)} |" for row in rows]
    return [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *body] if body else ["nothing"]


def _cell(value: object) -> str:
    """Return a value for a table cell. Names come from legacy data and may hold anything, also Markdown and HTML."""
    text = "" if value is None else str(value)
    for character in "\\`*_[]<>|#":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())
