// Passkeys: between the server's JSON and the browser's WebAuthn objects.

import { Refused } from "/page/api.js";

const SENTENCES = {
  NotAllowedError: "The passkey was not given; try again, or use another way.",
  InvalidStateError: "This device holds a passkey of yours already.",
  SecurityError: "Passkeys do not work at this address; open SecureVision at the one that it was set up for.",
};

/** Whether a browser can have passkeys at this address: it never does for a number instead of a name. */
export function passkeysWork() {
  const isNumber = /^[\d.]+$|:/.test(location.hostname);
  return isSecureContext && "PublicKeyCredential" in window && !isNumber;
}

/** Make a passkey; returns what to send to the server. Throws Refused. */
export async function makePasskey({ publicKey }) {
  const parse = PublicKeyCredential.parseCreationOptionsFromJSON?.bind(PublicKeyCredential) ?? decode;
  return encode(await attempt(() => navigator.credentials.create({ publicKey: parse(publicKey) })));
}

/** Show a passkey; returns what to send to the server. Throws Refused. */
export async function showPasskey({ publicKey }) {
  const parse = PublicKeyCredential.parseRequestOptionsFromJSON?.bind(PublicKeyCredential) ?? decode;
  return encode(await attempt(() => navigator.credentials.get({ publicKey: parse(publicKey) })));
}

async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    throw new Refused(SENTENCES[error.name] ?? "The browser could not use the passkey; try another way.");
  }
}

// For browsers that cannot convert yet.

function decode(options) {
  const known = ({ id, ...rest }) => ({ ...rest, id: bytes(id) });
  const decoded = { ...options, challenge: bytes(options.challenge) };
  if (options.user) decoded.user = { ...options.user, id: bytes(options.user.id) };
  if (options.excludeCredentials) decoded.excludeCredentials = options.excludeCredentials.map(known);
  if (options.allowCredentials) decoded.allowCredentials = options.allowCredentials.map(known);
  return decoded;
}

function encode(credential) {
  if (credential.toJSON) return credential.toJSON();
  const { response } = credential;
  const names = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const given = names.filter((name) => response[name]).map((name) => [name, text(response[name])]);
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: { ...Object.fromEntries(given), transports: response.getTransports?.() ?? [] },
  };
}

function bytes(base64url) {
  const binary = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function text(buffer) {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
