"""`simab play`: be the controller of one run, and be scored beside the rules of the file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from simab.cli import options, terminal
from simab.cli.engines import engine as engine_option
from simab.cli.engines import prepare_engine

if TYPE_CHECKING:
    from simab.run.game import Game, Moved
    from simab.run.hand_commands import HandCommand
    from simab.run.simulation import Run

__all__ = ["command"]


@click.command("play")
@click.argument("file", type=click.Path())
@click.option("--replication", type=click.IntRange(0), default=0, help="Which repetition.")
@options.seed
@engine_option
def command(file: str, replication: int, seed: int | None, engine: str) -> None:
    """Be the controller of the scenario FILE: set weights, promote, roll back, or wait.

    Commands are lines of the standard input, so they can be piped as well. You see what production
    would show, and nothing else; at the end you are judged by what is true, beside what each policy
    of the file does with the same clients. The end of the input ends the game undecided.
    """
    from simab.run.game import Game
    from simab.scenario import load

    scenario = load(file)
    prepare_engine(engine, quiet=False)
    chosen = scenario.study.seed if seed is None else seed
    game = Game(scenario, seed=chosen, replication=replication, engine=engine)
    console = terminal.standard_output()
    objective = scenario.objective
    for sentence in (
        f"{scenario.title}: you decide, seed {chosen}, replication {replication}.",
        f"Control {objective.control}, candidate {objective.candidate}; promote whichever is "
        f"better in {objective.metric}, by {objective.smallest_effect:g} if that is to matter.",
    ):
        terminal.print_item(console, sentence, mark="")
    _print_help()
    _play(game)
    _score(game.close())


def _play(game: Game) -> None:
    """Read commands until the game is decided, left, or over."""
    from simab.errors import InvalidInput
    from simab.run.hand_commands import hand_command

    _show(game)
    while not game.over:
        line = _line(game)
        if line is None:
            return
        try:
            wanted = hand_command(line, game.variants)
            moved = game.do(wanted)
        except InvalidInput as error:
            _tell(str(error))
            continue
        _answer(game, wanted, moved)
        if moved.over:
            return


def _line(game: Game) -> str | None:
    """The next line; None at the end of the input. The prompt is for people alone."""
    from simab.text.durations import duration_text

    if sys.stdin.isatty():
        click.echo(f"{duration_text(game.now_s)}> ", nl=False)
    line = sys.stdin.readline()
    if line and not sys.stdin.isatty():
        terminal.print_line(f"{duration_text(game.now_s)}> {line.rstrip()}")
    return line.strip() if line else None


def _answer(game: Game, wanted: HandCommand, moved: Moved) -> None:
    from simab.run.hand_commands import Act, Show

    for refusal in moved.refused:
        _tell(f"refused: {refusal.reason}")
    if isinstance(wanted, Show) and wanted.help:
        _print_help()
    elif isinstance(wanted, Act) and not moved.refused:
        _tell("accepted; it is in force when the update ends")
    elif not moved.over:
        _show(game)


def _show(game: Game) -> None:
    from simab.cli.dashboard import dashboard_rows, headings, state_line

    seen = game.observe()
    _tell(state_line(seen))
    terminal.print_table(terminal.standard_output(), headings(seen), dashboard_rows(seen))


def _tell(sentence: str) -> None:
    terminal.print_item(terminal.standard_output(), sentence, mark="")


def _print_help() -> None:
    from simab.run.hand_commands import HELP

    terminal.print_table(terminal.standard_output(), ("command", "what it does"), HELP)


def _score(run: Run) -> None:
    """Whether it ended right, and what the rules of the file do with the same clients."""
    from simab.cli.played_run import PlayedRun
    from simab.cli.run_screen import sentences
    from simab.study.playing import truth_of_world
    from simab.study.scores import scores
    from simab.text.durations import duration_text

    found = list(scores(run))
    console = terminal.standard_output()
    terminal.print_line()
    for sentence in sentences(PlayedRun(run, found[0][1], truth_of_world(run.scenario))):
        terminal.print_item(console, sentence, mark="")
    terminal.print_line()
    rows = [
        (
            "you" if at == 0 else name,
            str(each.judgement),
            "-" if each.decided_s is None else duration_text(each.decided_s),
            f"{each.requests_on_worse:,}",
            each.ends_with or "split",
        )
        for at, (name, each) in enumerate(found)
    ]
    headings = ("on the same clients", "ends", "decides after", "on worse", "with")
    terminal.print_table(console, headings, rows)
