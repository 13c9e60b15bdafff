"""Run a scenario with and without its market, day by day, so that an interrupted run can go on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np

from micromarket.simulation.accounts import settle_tariffs
from micromarket.simulation.build import build
from micromarket.simulation.cases import Progress, With, Without
from micromarket.simulation.continuous.case import Continuous
from micromarket.simulation.neighborhood import Neighborhood
from micromarket.simulation.recording import checkpoint
from micromarket.simulation.recording.comfort import write_comfort
from micromarket.simulation.recording.folder import complete, open_folder
from micromarket.simulation.recording.information import write_information
from micromarket.simulation.recording.recorder import Recorder
from micromarket.simulation.recording.results import Run, load
from micromarket.simulation.recording.summary import write_key_figures
from micromarket.simulation.recording.tables import Tables
from micromarket.simulation.scenario.reading import Scenario, read_scenario


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What may be chosen for a run beside its scenario.

    Parameters
    ----------
    out : Path or None
        Folder of the run; by default ``runs/`` and the scenario's name.
    seed : int or None
        Start of all chance; by default the scenario's.
    anew : bool
        Whether a run that is there already is removed first.
    """

    out: Path | None = None
    seed: int | None = None
    anew: bool = False


def run(path: Path | str, options: RunOptions = RunOptions(), progress: Progress | None = None) -> Run:
    """Run a scenario with and without its market, and return the tables it left.

    Parameters
    ----------
    path : path
        A scenario file, or a folder with a ``scenario.yaml``.
    options : RunOptions
        What may be chosen beside it.
    progress : callable, optional
        Told the phase, the base steps done and how many there are.

    Raises
    ------
    ScenarioError
        If the scenario is wrong.
    RunError
        If the run's folder holds something else.

    Notes
    -----
    The same scenario, seed, version and kernels give the same bytes. An interrupted run goes on with the day in which
    it was interrupted when it is called again.
    """
    scenario = read_scenario(path)
    if options.seed is not None:
        scenario = replace(scenario, file=msgspec.structs.replace(scenario.file, seed=options.seed))
    folder = options.out or Path("runs") / scenario.file.name
    street = build(scenario)
    open_folder(folder, scenario, options.anew)
    Simulation(scenario, street, folder, progress or _silent).run()
    complete(folder)
    return load(folder)


@dataclass(frozen=True, slots=True, eq=False)
class Simulation:
    """One run in one folder.

    Parameters
    ----------
    scenario : Scenario
        What the file says.
    street : Neighborhood
        What it became.
    folder : Path
        Where tables and checkpoints go.
    progress : callable
        Told after every step.
    """

    scenario: Scenario
    street: Neighborhood
    folder: Path
    progress: Progress

    def run(self) -> None:
        """Run both cases, each from its last checkpoint if there is one; then settle and sum up."""
        recorder = Recorder(self.folder / "tables")
        tables = Tables(recorder, self.street)
        try:
            self._dimensions(tables)
            write_information(recorder, self.street, tuple(self.scenario.bulletins.values()))
            self._days(Without(self.street, tables, self.progress), tables)
            market = Continuous if self.street.market.trading else With
            self._days(market(self.street, tables, self.progress), tables)
            settle_tariffs(self.street, recorder, tables)
            write_comfort(recorder, self.street.calendar.step_hours)
            write_key_figures(recorder, self.street.calendar.step_hours, self.scenario.file.currency)
        finally:
            recorder.close()
        for path in self.folder.glob("checkpoint-*.npz"):
            path.unlink()

    def _days(self, case: Without | With | Continuous, tables: Tables) -> None:
        path = self.folder / f"checkpoint-{case.name}.npz"
        done = 0
        if path.exists():
            remembered = checkpoint.load(path)
            case.restore(remembered)
            done = int(remembered["done"])
        for part in tables.parts(case.name):
            if part.steps[0] >= done:
                case.live_through(part)
                checkpoint.save(path, {**case.remember(), "done": np.array(part.steps[-1] + 1)})

    def _dimensions(self, tables: Tables) -> None:
        described = {owned.id: msgspec.to_builtins(owned.asset) for owned in self.scenario.assets}
        supplier = {self.street.supplier.supplier_id: msgspec.to_builtins(self.scenario.file.supplier)}
        tables.dimensions({**described, **supplier})


def _silent(phase: str, done: int, total: int) -> None:
    pass
