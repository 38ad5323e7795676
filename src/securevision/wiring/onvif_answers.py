"""What a sealed media worker does with a question about cameras: it reads what they answered, or asks one of them."""

from securevision.cameras.addresses import parse_address
from securevision.cameras.authentication import Login
from securevision.cameras.onvif.client import OnvifClient
from securevision.cameras.onvif.discovery import Answer, merge_answers
from securevision.clock import SystemClock
from securevision.domain.ports.cameras import Connect
from securevision.runtime.answers import AnswersRead, CameraAnswer, Described, StreamAnswer
from securevision.runtime.messages import Describe, ReadAnswers


def answer_question(question: ReadAnswers | Describe, connect: Connect) -> AnswersRead | Described:
    """See AnswerQuestion."""
    if isinstance(question, ReadAnswers):
        return _read(question)
    return _described(question, connect)


def _read(question: ReadAnswers) -> AnswersRead:
    cameras = merge_answers(Answer(source, datagram) for source, datagram in question.answers)
    return AnswersRead([CameraAnswer(each.name, each.hardware, list(each.addresses)) for each in cameras])


def _described(question: Describe, connect: Connect) -> Described:
    address = parse_address(question.address)
    login = Login(address.username, address.password) if address.username or address.password else None
    camera = OnvifClient(connect, address, login, SystemClock()).describe()
    streams = [
        StreamAnswer(each.name, each.codec, each.width, each.height, each.fps, each.address)
        for each in camera.profiles
    ]
    return Described(camera.manufacturer, camera.model, camera.firmware, streams)
