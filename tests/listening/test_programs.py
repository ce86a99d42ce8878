"""Programs and readers of the output that take pushes: no more at once than they bear."""

import asyncio

import pytest

from reconciler.listening import PushMessage, TryLater, places
from reconciler.listening.places import Output, Program


def test_a_burst_runs_a_few_programs_at_once_and_takes_all(tmp_path):
    script = tmp_path / "take"
    script.write_text(
        f"#!/bin/sh\ntouch {tmp_path}/run.$$; ls {tmp_path}/run.* | wc -l >> {tmp_path}/seen\n"
        f"cat > /dev/null; sleep 0.05; rm {tmp_path}/run.$$\n",
        encoding="utf-8",
    )
    script.chmod(0o755)

    async def burst():
        program = Program([str(script)], at_once=3)
        message = PushMessage("shop", "text", "d", "g")
        await asyncio.gather(*(program.keep(message) for _ in range(12)))

    asyncio.run(burst())
    seen = [int(line) for line in (tmp_path / "seen").read_text(encoding="utf-8").split()]
    assert len(seen) == 12
    assert max(seen) <= 3


def test_what_finds_no_room_in_the_output_in_time_is_neither_written_nor_kept(monkeypatch):
    monkeypatch.setattr(places, "PROGRAM_SECONDS", 0.01)
    written = []
    output = Output(written.append, has_room=lambda: False)
    with pytest.raises(TryLater, match="nobody reads"):
        asyncio.run(output.keep(PushMessage("shop", "text", "d", "g")))
    assert written == []
