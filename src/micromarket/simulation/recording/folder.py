"""The folder of a run: what was run, how far it came, and whether it may go on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from micromarket import __version__
from micromarket.errors import RunError
from micromarket.kernels import backend
from micromarket.simulation.scenario.reading import Scenario

SCHEMA = 1
FILE = "run.json"
INTERRUPTED, COMPLETE = "interrupted", "complete"


def manifest(scenario: Scenario) -> dict[str, Any]:
    """Return what a run says of itself; nothing that differs between equal runs, such as when it ran or how long."""
    file = scenario.file
    sources = [{"name": s.name, "licence": s.licence, "what": s.what, "url": s.url} for s in file.data_sources]
    return {
        "schema": SCHEMA,
        "project_version": __version__,
        "kernels": backend.NAME,
        "scenario": {"name": file.name, "description": file.description, "hash": scenario.hash},
        "seed": file.seed,
        "currency": file.currency,
        "timezone": file.time.timezone,
        "start": file.time.start.isoformat(),
        "end": file.time.end.isoformat(),
        "step_minutes": scenario.grid.hours * 60,
        "steps": len(scenario.grid),
        "sources": sources,
        "status": INTERRUPTED,
    }


def open_folder(folder: Path, scenario: Scenario, anew: bool = False) -> None:
    """Make `folder` ready for a run of `scenario`: empty, or as an interrupted run of the same left it.

    Parameters
    ----------
    folder : Path
        Where the run goes.
    scenario : Scenario
        What is run.
    anew : bool, default False
        Whether a run that is there already is removed first.

    Raises
    ------
    RunError
        If something else is there, another run was interrupted there, or this one is complete.
    """
    if anew and (folder / FILE).exists():
        shutil.rmtree(folder)
    wanted = manifest(scenario)
    if (folder / FILE).exists():
        _check_resumable(folder, read_manifest(folder), wanted)
    elif folder.is_dir() and any(folder.iterdir()):
        raise RunError(f"{folder} is not empty and holds no run; choose another folder with --out")
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "scenario"
    kept.mkdir(exist_ok=True)
    (kept / "scenario.yaml").write_text(scenario.text, encoding="utf-8")
    _write(folder, wanted)


def complete(folder: Path) -> None:
    """Note that the run in `folder` came to its end."""
    _write(folder, {**read_manifest(folder), "status": COMPLETE})


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return what a run says of itself.

    Raises
    ------
    RunError
        If `folder` holds no run that can be read.
    """
    path = folder / FILE
    if not path.is_file():
        raise RunError(f"{folder} is not a run: it has no {FILE}")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RunError(f"{path} cannot be read: {error}") from error
    return dict(found)


def _check_resumable(folder: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    if found.get("status") == COMPLETE:
        raise RunError(f"{folder} already holds a complete run; use --anew to run again, or --out for another folder")
    differing = [key for key in wanted if found.get(key) != wanted[key]]
    if differing:
        raise RunError(
            f"{folder} holds an interrupted run that differs in {', '.join(differing)}; "
            "use --anew to start over, or --out for another folder"
        )


def _write(folder: Path, content: Mapping[str, Any]) -> None:
    unfinished = folder / f"{FILE}.unfinished"
    unfinished.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    unfinished.replace(folder / FILE)
