"""`mcbench baselines`: the methods, what was really tried of each, and installing those of other people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcbench.cli import console
from mcbench.cli.data_files import OfflineOption
from mcbench.errors import InputError, WeightsMissingError

if TYPE_CHECKING:
    from mcbench.baselines import Spec
    from mcbench.baselines.external.installing import InstallRecord

app = typer.Typer(
    name="baselines",
    help="Methods: what there is, what was really tried of each, and installing those of other people.",
    no_args_is_help=True,
)

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="A name from `mcbench baselines list`, or a spec's .toml file.")
]


@app.command("list")
def list_methods(home: console.HomeOption = None, as_json: console.JsonOption = False) -> None:
    """List all methods: kind, what was really tried and when, what they need, whether they are here.

    Example: mcbench baselines list
    """
    from mcbench import baselines

    known = baselines.specs(home)
    broken = baselines.broken_specs(home)
    if as_json:
        console.emit_json([{**_plain(spec), "here": _here(spec, home)} for spec in known])
    else:
        rows = [
            (
                spec.id,
                spec.kind,
                spec.status.level,
                spec.status.date or "",
                ", ".join(spec.inputs),
                _here(spec, home),
                spec.description,
            )
            for spec in known
        ]
        columns = ("name", "kind", "tried", "date", "is shown", "here", "what it is")
        console.print_table("methods", columns, rows)
    for place, error in broken.items():
        console.say(f"cannot be used: {place}: {error.in_one_line}")


@app.command("show")
def show(name: NameArgument, home: console.HomeOption = None, as_json: console.JsonOption = False) -> None:
    """Show all that is known of a method: paper, licence, settings and where they are stated, weights.

    Example: mcbench baselines show fomm
    """
    from mcbench import baselines
    from mcbench.baselines.external.installing import install_record

    spec = baselines.get(name, home)
    made = install_record(spec, home)
    if as_json:
        plain = made.model_dump(mode="json") if made else None
        console.emit_json({**_plain(spec), "here": _here(spec, home), "installed": plain})
        return
    status = spec.status
    rows: list[tuple[str, object]] = [
        ("name", f"{spec.id} ({spec.display_name})"),
        ("what it is", spec.description),
        ("kind", spec.kind),
        ("paper", spec.paper),
        ("licence", spec.licence),
        ("tried", " ".join(str(part) for part in (status.level, status.date or "", status.what) if part)),
        ("here", _here(spec, home)),
        ("environment by", made.builder if made else ""),
        *_image_rows(made),
        ("is shown", ", ".join(spec.inputs) or "the reference alone"),
        ("native size", "x".join(map(str, spec.native.size)) if spec.native.size else "as asked for"),
        ("native fps", spec.native.fps or ""),
        ("frames at a time", spec.native.clip_frames or ""),
    ]
    rows += [(f"option {option}", value) for option, value in spec.options.items()]
    rows += [(f"option {option}", "its own") for option in spec.free_options]
    if spec.repository:
        rows.append(("repository", f"{spec.repository.url} at {spec.repository.commit}"))
    if spec.environment:
        rows.append(("python", spec.environment.python))
        rows += [("requires", line) for line in spec.environment.requirements]
        rows += [
            (f"changed: {each.package}", f"{each.pinned} -> {each.runs}: {each.why}")
            for each in spec.environment.changes
        ]
    rows += [
        (
            f"weights {file.name}",
            f"{file.remote.name}; {file.url or file.manual}; sha256 {file.sha256 or 'unknown'}",
        )
        for file in spec.weights
    ]
    rows += [(f"source of {each.field}", each.place) for each in spec.sources]
    console.print_table(spec.display_name, ("", ""), [row for row in rows if row[1] != ""])


@app.command("install")
def install(
    name: NameArgument,
    repository: Annotated[
        Path | None,
        typer.Option(
            "--repository", help="A clone that you have, in place of the network.", show_default=False
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            "--weights", help="A folder with the weights, laid out as the spec says.", show_default=False
        ),
    ] = None,
    allow_other_weights: Annotated[
        bool,
        typer.Option("--allow-other-weights", help="Take weights of another hash; records will say so."),
    ] = False,
    builder: Annotated[
        str,
        typer.Option(
            "--with",
            help="What makes the environment: auto (uv, else venv), uv, venv, conda, or docker: an image, "
            "of docker where its engine answers, else of podman.",
        ),
    ] = "auto",
    base: Annotated[
        str,
        typer.Option(
            "--base",
            metavar="IMAGE",
            help="With docker: the image to start from, in place of python:VERSION.",
            show_default=False,
        ),
    ] = "",
    again: Annotated[bool, typer.Option("--again", help="Make it anew, even if it is here.")] = False,
    code_only: Annotated[bool, typer.Option("--code-only", help="Leave the weights for later.")] = False,
    offline: OfflineOption = False,
    home: console.HomeOption = None,
) -> None:
    """Build a method's environment, clone its code at the pinned commit, and bring its weights.

    What is here already is not done again. Where something fails, the reason is kept and nothing
    half-made stays.

    Example: mcbench baselines install fomm --repository ~/src/first-order-model --weights ~/weights/fomm

    Example: mcbench baselines install disco --with docker
    """
    from mcbench import baselines
    from mcbench.baselines.external import installing
    from mcbench.baselines.external.environment import BUILDERS
    from mcbench.baselines.weights import find_weights, install_weights

    chosen = next((each for each in BUILDERS if each == builder), None)
    if chosen is None:
        raise InputError(f"--with {builder}: there is no such builder", f"there are {', '.join(BUILDERS)}")
    spec = baselines.get(name, home)
    with console.progress() as progress:
        record = installing.install(
            spec,
            home,
            source=repository,
            builder=chosen,
            base=base,
            again=again,
            offline=offline,
            progress=progress,
        )
        if spec.weights and not code_only:
            try:
                if weights is not None or again:
                    raise WeightsMissingError("to be looked at again")
                found = find_weights(spec, home)
            except WeightsMissingError:
                found = install_weights(
                    spec,
                    home,
                    folder=weights,
                    allow_other=allow_other_weights,
                    offline=offline,
                    progress=progress,
                )
            for file in found.files:
                console.say(
                    f"weights {file.name}: {_PROOFS[file.proof]}, sha256 {file.sha256[:12]}, {file.path}"
                )
    if record is None:
        console.say(f"{spec.id} needs no environment of its own")
    else:
        console.say(f"{spec.id} is installed in {installing.installation_folder(spec, home)}")
        if record.image:
            console.say(f"its environment is the image {record.image.name} of {record.image.engine}")


@app.command("check")
def check(
    name: NameArgument,
    option: Annotated[
        list[str] | None, typer.Option("--option", metavar="NAME=VALUE", help="An option of the method.")
    ] = None,
    device: console.DeviceOption = "auto",
    home: console.HomeOption = None,
    as_json: console.JsonOption = False,
) -> None:
    """Run a method on a tiny generated clip of two people, and say point by point whether the contract holds.

    The pictures are not judged. The exit code is 1 where a point fails.

    Example: mcbench baselines check warp

    Example: mcbench baselines check path/to/my-method.toml
    """
    from mcbench.baselines.checking import check_method
    from mcbench.cli.run import parse_option

    options = dict(parse_option(text) for text in option or [])
    with console.progress() as progress:
        report = check_method(name, options=options, device=device, home=home, progress=progress)
    if as_json:
        console.emit_json(report)
    else:
        rows = [(point.what, point.state, point.detail) for point in report.points]
        console.print_table(f"{report.method} on {report.device}", ("what", "state", "detail"), rows)
    if not report.holds:
        raise typer.Exit(1)


@app.command("remove")
def remove(name: NameArgument, home: console.HomeOption = None) -> None:
    """Remove a method's environments, images and code from this machine. Files of weights stay.

    Example: mcbench baselines remove fomm
    """
    from mcbench import baselines
    from mcbench.baselines.external import installing
    from mcbench.baselines.weights import forget_weights, weights_folder

    spec = baselines.get(name, home)
    removed = installing.remove(spec, home)
    forget_weights(spec, home)
    for folder in removed:
        console.say(f"removed {folder}")
    if not removed:
        console.say(f"nothing of {spec.id} was installed")
    if weights_folder(spec, home).is_dir():
        console.say(f"its weights stay in {weights_folder(spec, home)}")


_PROOFS = {
    "sha256": "the published file",
    "unverified": "no hash has been published to check it by",
    "other": "OTHER than published",
}


def _plain(spec: Spec) -> dict[str, object]:
    plain: dict[str, object] = spec.model_dump(mode="json")
    return plain


def _image_rows(made: InstallRecord | None) -> list[tuple[str, object]]:
    if made is None or made.image is None:
        return []
    image = made.image
    return [
        ("image", f"{image.name} of {image.engine}, {image.id}"),
        ("made from", f"{image.base}, {image.base_id}"),
    ]


def _here(spec: Spec, home: Path | None) -> str:
    """Return whether a method can be run on this machine, in a word or two."""
    from mcbench.baselines.external.installing import install_state
    from mcbench.baselines.weights import is_ready

    if spec.kind == "import":
        return "by import"
    found = install_state(spec, home)
    if found.state == "failed":
        return f"failed: {found.reason}"
    if found.state == "not installed":
        return found.state
    return "yes" if is_ready(spec, home) else "weights missing"
