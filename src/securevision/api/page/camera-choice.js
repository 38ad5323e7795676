// Choosing cameras: all, those to come included, or only some.

/** Offer the cameras in a fieldset; `chosen` is null for all. */
export function offerCameras(fieldset, known, chosen) {
  const names = [...new Set([...known, ...(chosen ?? [])])].sort();
  fieldset.querySelector(".choices").replaceChildren(...names.map((name) => choice(name, chosen?.includes(name))));
  fieldset.querySelector("[value=all]").checked = chosen === null;
  fieldset.querySelector("[value=some]").checked = chosen !== null;
  const look = () => {
    fieldset.querySelector(".choices").hidden = fieldset.querySelector("[value=all]").checked;
  };
  fieldset.onchange = look;
  look();
}

/** Return the names that were chosen, or null for all. */
export function chosenCameras(fieldset) {
  if (fieldset.querySelector("[value=all]").checked) return null;
  return [...fieldset.querySelectorAll(".choices input:checked")].map((box) => box.value);
}

/** Cameras in words. */
export function cameraWords(cameras) {
  if (cameras === null) return "All cameras";
  return cameras.length === 0 ? "No cameras" : cameras.join(", ");
}

/** Return a labelled box to tick. */
export function choice(value, checked = false, text = value) {
  const label = document.createElement("label");
  const box = document.createElement("input");
  box.type = "checkbox";
  box.value = value;
  box.checked = checked;
  label.className = "choice";
  label.append(box, ` ${text}`);
  return label;
}
