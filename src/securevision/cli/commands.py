"""Every command, in one table."""

import typer

from securevision.cli.audit import app as audit
from securevision.cli.cameras import app as cameras
from securevision.cli.demo import demo
from securevision.cli.doctor import doctor
from securevision.cli.models import app as models
from securevision.cli.people import app as people
from securevision.cli.recognise import app as recognise
from securevision.cli.serve import serve
from securevision.cli.tokens import app as tokens
from securevision.cli.users import app as users
from securevision.cli.watch import watch

app = typer.Typer(
    name="securevision",
    help="Watches your cameras; recognises the faces you trust and the plates you list, on your own machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("demo")(demo)
app.command("serve")(serve)
app.command("watch")(watch)
app.command("doctor")(doctor)
app.add_typer(cameras, name="camera")
app.add_typer(recognise, name="recognise")
app.add_typer(people, name="person")
app.add_typer(models, name="models")
app.add_typer(audit, name="audit")
app.add_typer(users, name="user")
app.add_typer(tokens, name="token")
