"""Every command, in one table."""

import typer

from securevision.cli import demo, doctor, models, people, recognise, serve, watch

app = typer.Typer(
    name="securevision",
    help="Watches your cameras; recognises the faces you trust and the plates you list, on your own machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("watch")(watch.watch)
app.command("doctor")(doctor.doctor)
app.add_typer(recognise.app, name="recognise")
app.add_typer(people.app, name="person")
app.add_typer(models.app, name="models")
