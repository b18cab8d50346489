"""The command line. Thin: each command collects its options and hands over to its package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

JsonFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report as JSON.")]
JunitFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report as JUnit XML.")]
MarkdownFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the report as Markdown, for a pull request.")
]
HtmlFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report as one page of HTML.")]

app = typer.Typer(
    name="ws-harness",
    help="Mock, conformance suite and load test for real-time WebSocket APIs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
scenarios = typer.Typer(help="List, show and lint scenarios.", no_args_is_help=True)
app.add_typer(scenarios, name="scenarios")


@app.command()
def serve(
    protocols: Annotated[
        list[str] | None, typer.Argument(help="Protocols, such as skybit; all, when left out.")
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[
        list[int] | None, typer.Option(help="8000 and 3000, when left out; 0: any free one; repeatable.")
    ] = None,
    scenario: Annotated[
        list[str] | None, typer.Option(help="A scenario's name or file, for the default stage.")
    ] = None,
    scenarios: Annotated[Path | None, typer.Option(help="A folder of your own scenarios.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Play a scenario file anew when it is edited.")] = False,
    seed: Annotated[int | None, typer.Option(help="The seed of the default stages.")] = None,
    speed: Annotated[float | None, typer.Option(help="How fast their time runs.", min=0.001, max=1000)] = None,
    defect: Annotated[str | None, typer.Option(help="Serve a backend that is broken in this way.")] = None,
    list_defects: Annotated[bool, typer.Option("--list-defects", help="Print all defects, and end.")] = False,
    variant: Annotated[str | None, typer.Option(help="Serve a lawful backend that reads the spec otherwise.")] = None,
    list_variants: Annotated[bool, typer.Option("--list-variants", help="Print all variants, and end.")] = False,
    record: Annotated[Path | None, typer.Option(help="Keep every connection's conversation in this folder.")] = None,
    publish: Annotated[str | None, typer.Option(metavar="URL", help="Publish every frame to this Redis.")] = None,
    token: Annotated[str | None, typer.Option(help="What controlling the mock takes (/_harness).")] = None,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> None:
    """Serve the mock, until Ctrl+C. Exit code: 0 stopped, 2 could not run."""
    from harness.server import command
    from harness.server.options import DEFAULT_PORTS, Options

    options = Options(
        protocols=tuple(protocols or ()),
        host=host,
        ports=tuple(port or DEFAULT_PORTS),
        scenarios=tuple(scenario or ()),
        folder=scenarios,
        watch=watch,
        seed=seed,
        speed=speed,
        defect=defect,
        variant=variant,
        record=record,
        publish=publish,
        token=token,
        log_level=log_level,
    )
    if list_defects:
        raise typer.Exit(command.list_defects(options))
    raise typer.Exit(command.list_variants(options) if list_variants else command.serve(options))


@app.command()
def check(
    protocol: Annotated[str, typer.Argument(help="The protocol, such as skybit.")],
    url: Annotated[str | None, typer.Argument(help="The server, such as ws://127.0.0.1:8000/artifact/v1.")] = None,
    profile: Annotated[Path | None, typer.Option(help="What to know about the server (TOML).")] = None,
    only: Annotated[list[str] | None, typer.Option(help="An id, or how ids begin; repeatable.")] = None,
    level: Annotated[str | None, typer.Option(help="MUST, SHOULD (and MUST), or MAY (all).")] = None,
    json: JsonFile = None,
    junit: JunitFile = None,
    markdown: MarkdownFile = None,
    html: HtmlFile = None,
    expected_failures: Annotated[Path | None, typer.Option(help="Ids that may fail, with a reason after #.")] = None,
    seed: Annotated[int | None, typer.Option(help="The seed of the suite's own choices.")] = None,
    run_limit: Annotated[float | None, typer.Option(min=0.001, help="End the run after so many seconds.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only what it comes to.")] = False,
    own_mock: Annotated[bool, typer.Option("--self", help="Judge our own mock, in memory and virtual time.")] = False,
    defect: Annotated[str | None, typer.Option(help="With --self: put this defect into the mock.")] = None,
    variant: Annotated[str | None, typer.Option(help="With --self: judge this variant of the mock.")] = None,
) -> None:
    """Judge a server by every requirement of its protocol.

    Exit code: 0 kept, 1 violated, 2 could not run, 3 nothing violated but a MUST not observed.
    """
    from harness.conformance import command
    from harness.conformance.report.files import Files

    request = command.Request(
        protocol=protocol,
        url=url,
        profile=profile,
        only=tuple(only or ()),
        level=level,
        files=Files(json=json, junit=junit, markdown=markdown, html=html),
        expected_failures=expected_failures,
        seed=seed,
        run_limit=run_limit,
        quiet=quiet,
        own_mock=own_mock,
        defect=defect,
        variant=variant,
    )
    raise typer.Exit(command.check(request))


@app.command()
def requirements(
    protocol: Annotated[str | None, typer.Argument(help="The protocol; all, when left out.")] = None,
    level: Annotated[str | None, typer.Option(help="MUST, SHOULD (and MUST), or MAY (all).")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List what the protocols demand."""
    from harness.conformance import command

    raise typer.Exit(command.requirements(protocol, level, json))


@app.command()
def explain(id_: Annotated[str, typer.Argument(metavar="ID", help="A requirement, such as SKY-AUTH-01.")]) -> None:
    """Tell what a requirement demands, how it is judged, and which defects prove that."""
    from harness.conformance import command

    raise typer.Exit(command.explain(id_))


@app.command()
def judge(
    protocol: Annotated[str, typer.Argument(help="The protocol, such as skybit.")],
    files: Annotated[list[Path], typer.Argument(help="Recorded conversations (JSON Lines, HAR).")],
    json: JsonFile = None,
    junit: JunitFile = None,
    markdown: MarkdownFile = None,
    html: HtmlFile = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only what it comes to.")] = False,
) -> None:
    """Judge recorded conversations: both what the server and what the client sent."""
    from harness.conformance import command
    from harness.conformance.report.files import Files

    reports = Files(json=json, junit=junit, markdown=markdown, html=html)
    raise typer.Exit(command.judge(protocol, files, reports, quiet))


@app.command()
def report(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Reports of `check --json` or `judge --json`.")
    ],
    html: HtmlFile = None,
    markdown: MarkdownFile = None,
) -> None:
    """Join the JSON reports of several runs into one page, with a score for each. Exit code: 0 made, 2 not."""
    from harness.conformance import command
    from harness.conformance.report.files import Files

    raise typer.Exit(command.join(files, Files(markdown=markdown, html=html)))


@app.command()
def matrix(
    suites: Annotated[list[str] | None, typer.Argument(help="Protocols, or wire; all, when left out.")] = None,
    whole: Annotated[bool, typer.Option("--whole", help="Run all checks against each defect; takes minutes.")] = False,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the matrix as one page of HTML.")] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the matrix as JSON.")] = None,
) -> None:
    """Prove the suites: let them meet every defect, and tell which check noticed which.

    Exit code: 0 all were noticed, 1 one was not, 2 could not run.
    """
    from harness.conformance import command

    raise typer.Exit(command.show_matrix(suites or [], whole, html, json))


@app.command(context_settings={"allow_extra_args": True})
def load(
    context: typer.Context,
    protocol: Annotated[str, typer.Argument(help="The protocol, such as skybit.")],
    url: Annotated[str, typer.Argument(help="The server, such as ws://127.0.0.1:8000/artifact/v1.")],
    users: Annotated[int, typer.Option(min=1, help="How many users, each with a connection.")] = 10,
    spawn_rate: Annotated[float | None, typer.Option(min=0.1, help="New users a second.")] = None,
    run_time: Annotated[str | None, typer.Option(help="How long, such as 5m; 30s, when left out.")] = None,
    shape: Annotated[str, typer.Option(help="steady, ramp, spike or soak.")] = "steady",
    steps: Annotated[int, typer.Option(min=1, help="Of a ramp: how many.")] = 10,
    base: Annotated[float, typer.Option(min=0, max=1, help="Of a spike: the share of users before and after.")] = 0.1,
    targets: Annotated[Path | None, typer.Option(metavar="FILE", help="Paces and targets (TOML).")] = None,
    tokens: Annotated[Path | None, typer.Option(metavar="FILE", help="Credentials, one a line.")] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep one page of HTML about the run.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep Locust's own HTML report.")] = None,
    source: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS", help="Connect from this address; repeatable.")
    ] = None,
    deflate: Annotated[bool, typer.Option("--deflate", help="Offer permessage-deflate.")] = False,
    connection_limit: Annotated[
        bool, typer.Option("--connection-limit", help="Test the limit of connections instead.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="The limit to test; the spec's, when left out.")] = None,
    find_limit: Annotated[bool, typer.Option("--find-limit", help="Find where the server stops, instead.")] = False,
    most: Annotated[int, typer.Option(min=1, help="With --find-limit: no more connections than this.")] = 5000,
    storm: Annotated[
        str | None, typer.Option(metavar="HOW", help="Let all reconnect at once, instead: cut, mock or restart.")
    ] = None,
    within: Annotated[float, typer.Option(min=0.1, help="With --storm: so many seconds for all to be back.")] = 30.0,
    json: JsonFile = None,
) -> None:
    """Put load on a server. After --, options of Locust. Exit code: 0 targets met, 1 one missed, 2 could not run."""
    from harness.load import command, connections

    if connection_limit or find_limit or storm is not None:
        chosen = connections.Options(
            protocol=protocol,
            url=url,
            tokens=tokens,
            sources=tuple(source or ()),
            limit=limit,
            most=most,
            users=users,
            storm=storm,
            within_s=within,
            json=json,
        )
        raise typer.Exit(connections.run(chosen, connection_limit, find_limit))
    options = command.Options(
        protocol=protocol,
        url=url,
        users=users,
        spawn_rate=spawn_rate,
        run_time=run_time,
        shape=shape,
        steps=steps,
        base=base,
        targets=targets,
        tokens=tokens,
        report=report,
        json=json,
        html=html,
        sources=tuple(source or ()),
        deflate=deflate,
        extra=tuple(context.args),
    )
    raise typer.Exit(command.load(options))


@scenarios.command("list")
def list_scenarios(
    scenarios: Annotated[Path | None, typer.Option(help="A folder of your own scenarios.")] = None,
) -> None:
    """List the scenarios and what happens in each."""
    from harness.scenario import command

    raise typer.Exit(command.list_scenarios(scenarios))


@scenarios.command("show")
def show_scenario(
    name: Annotated[str, typer.Argument(help="A scenario's name, PROTOCOL/NAME, or file.")],
    scenarios: Annotated[Path | None, typer.Option(help="A folder of your own scenarios.")] = None,
) -> None:
    """Print a scenario."""
    from harness.scenario import command

    raise typer.Exit(command.show(name, scenarios))


@scenarios.command("lint")
def lint_scenarios(
    places: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders; the shipped ones when left out.")
    ] = None,
) -> None:
    """Check scenario files and print all their mistakes. Exit code: 0 none, 1 some, 2 no file."""
    from harness.scenario import command

    raise typer.Exit(command.lint(places or []))


@scenarios.command("schema")
def scenario_schema() -> None:
    """Print the JSON Schema of scenario files, which lets editors complete them."""
    from harness.scenario import command

    raise typer.Exit(command.print_schema())


def main() -> None:
    """Run the command line."""
    app()
