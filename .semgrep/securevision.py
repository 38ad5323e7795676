# mypy: ignore-errors
"""Examples for the rules of securevision.yaml: `ruleid` is found, `ok` is not. Nobody runs this file."""

import hmac
import logging
import os
import pickle
import shutil
import ssl
import subprocess
import tempfile
from asyncio import create_subprocess_shell

import av
import cv2
import httpx
import numpy as np
import yaml
from sqlalchemy import select, text

log = logging.getLogger(__name__)


def code(given):
    # ruleid: no-code-from-text
    eval(given)
    # ruleid: no-code-from-text
    exec(given)
    # ok: no-code-from-text
    model.eval_once(given)


def objects(given):
    # ruleid: no-objects-from-bytes
    pickle.loads(given)
    # ruleid: no-objects-from-bytes
    yaml.load(given, Loader=yaml.Loader)
    # ruleid: no-objects-from-bytes
    np.load(given, allow_pickle=True)
    # ok: no-objects-from-bytes
    np.load(given, allow_pickle=False)
    # ok: no-objects-from-bytes
    yaml.safe_load(given)


def shell(given):
    # ruleid: no-shell
    subprocess.run(given, shell=True, check=True)
    # ruleid: no-shell
    os.system(given)
    # ruleid: no-shell
    create_subprocess_shell(given)
    # ok: no-shell
    subprocess.run(["ffmpeg", "-i", given], check=True)


def sql(connection, name, table):
    # ruleid: no-sql-from-text
    connection.execute(text(f"SELECT * FROM people WHERE name = '{name}'"))
    # ruleid: no-sql-from-text
    connection.execute("SELECT * FROM people WHERE name = '" + name + "'")
    # ruleid: no-sql-from-text
    connection.exec_driver_sql("SELECT * FROM people WHERE name = '%s'" % name)
    # ruleid: no-sql-from-text
    connection.execute("SELECT * FROM people WHERE name = '{}'".format(name))
    # ok: no-sql-from-text
    connection.execute(text("SELECT * FROM people WHERE name = :name"), {"name": name})
    # ok: no-sql-from-text
    connection.executescript(f"PRAGMA user_version = {VERSION};")
    # ok: no-sql-from-text
    connection.execute(select(table).where(table.c.name == name))


def tls(url, context):
    # ruleid: no-unverified-tls
    httpx.get(url, verify=False)
    # ruleid: no-unverified-tls
    context.verify_mode = ssl.CERT_NONE
    # ruleid: no-unverified-tls
    context.check_hostname = False
    # ok: no-unverified-tls
    httpx.get(url, verify=context)
    # ok: no-unverified-tls
    context.verify_mode = ssl.CERT_REQUIRED


def cors(app, headers, origins):
    # ruleid: no-open-cors
    app.add_middleware(CORSMiddleware, allow_origins=["*"])
    # ruleid: no-open-cors
    app.add_middleware(CORSMiddleware, allow_origin_regex=".*")
    # ruleid: no-open-cors
    headers["Access-Control-Allow-Origin"] = "*"
    # ok: no-open-cors
    app.add_middleware(CORSMiddleware, allow_origins=origins)


def logs(password, user, settings):
    # ruleid: no-secret-in-log
    log.info("signed in with %s", password)
    # ruleid: no-secret-in-log
    logging.warning(f"wrong token {user.token}")
    # ruleid: no-secret-in-log
    log.debug("seed", user.totp_seed)
    # ruleid: no-secret-value-in-log
    log.info("camera %s", settings.url.get_secret_value())
    # ok: no-secret-in-log, no-secret-value-in-log
    log.info("signed in: %s", user.name)
    # ok: no-secret-in-log
    log.info("the authority's secret key is new")
    # ok: no-secret-in-log
    log.info("The password of %s was changed.", user.name)


def compare(digest, token, given, count):
    # ruleid: no-early-end-in-secret-comparison
    if digest == given:
        return True
    # ruleid: no-early-end-in-secret-comparison
    if given.token != token:
        return False
    # ok: no-early-end-in-secret-comparison
    if count == 3 or token == "":
        return False
    # ok: no-early-end-in-secret-comparison
    select(tokens).where(tokens.c.digest == digest)
    # ok: no-early-end-in-secret-comparison
    return hmac.compare_digest(digest, given)


def archives(archive, name):
    # ruleid: no-unpacking-of-archives
    archive.extractall("folder")
    # ruleid: no-unpacking-of-archives
    shutil.unpack_archive("wheel.zip", "folder")
    # ok: no-unpacking-of-archives
    archive.open(name)


def pictures(data, path):
    # ruleid: no-picture-decoded-unseen
    cv2.imdecode(data, cv2.IMREAD_COLOR)
    # ruleid: no-picture-decoded-unseen
    cv2.imread(path)
    # ok: no-picture-decoded-unseen
    decode_image(data, path)
    # ok: no-picture-decoded-unseen
    cv2.imencode(".jpg", data)


def media(url, path, limits):
    # ruleid: no-media-opened-without-limits
    av.open(url)
    # ruleid: no-media-opened-without-limits
    av.open(url, timeout=5)
    # ok: no-media-opened-without-limits
    av.open(url, options=limits)
    # ok: no-media-opened-without-limits
    av.open(path, "w", format="mp4")


def temporary():
    # ruleid: no-temporary-name
    tempfile.mktemp()
    # ok: no-temporary-name
    tempfile.mkstemp()
