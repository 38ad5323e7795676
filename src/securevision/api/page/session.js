// Who is signed in, and the page that is theirs.

import { Refused, send } from "/page/api.js";

const PAGE_OF_STEP = { second_factor: "/sign-in", enrol_factor: "/account" };

/** Go to another page of ours. The promise never resolves: nothing more happens here. */
export function goTo(address) {
  location.replace(address);
  return new Promise(() => {});
}

/** Return who is signed in, at any step; null when nobody is. */
export async function who() {
  try {
    return await send("GET", "/api/v1/session");
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return null;
    throw error;
  }
}

/** Return who is signed in. Whoever is not, or belongs to another page than this one, is sent there. */
export async function enter() {
  const person = await who();
  if (person === null) return goTo("/sign-in");
  const page = PAGE_OF_STEP[person.next];
  return page && page !== location.pathname ? goTo(page) : person;
}

/** As `send`, for somebody who is signed in: when that has ended, the sign-in page says so. */
export async function ask(method, path, body) {
  try {
    return await send(method, path, body);
  } catch (error) {
    // A wrong password is a 401 as well.
    if (error instanceof Refused && error.status === 401 && (await who()) === null) return ended();
    throw error;
  }
}

/** The session is over. */
export function ended() {
  return goTo("/sign-in#ended");
}

/** Sign out here, and at the server if it can be reached. */
export async function signOut() {
  await send("DELETE", "/api/v1/session").catch(() => {});
  return goTo("/sign-in");
}

// A page that comes back from the browser's memory may be somebody else's by now.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload();
});
