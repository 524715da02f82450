const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";

/** A new identifier: 14 characters, about 72 random bits. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(14)), (byte) => ALPHABET[byte % 36]).join("");
}

/** `Conv2D` -> `conv2d`, `MaxPooling2D` -> `max_pooling2d`: the rule of `keras.src.utils.naming.to_snake_case`. */
export function snakeCase(className: string): string {
  return className
    .replace(/\W+/g, "")
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

/** `name` where nobody has it; else the first free number of its stem: a copy of `conv2d_3` is `conv2d_4`, not `conv2d_3_1`. */
export function copiedName(name: string, taken: ReadonlySet<string>): string {
  return taken.has(name) ? freeName(name.replace(/_\d+$/, ""), taken) : name;
}

/** The first of `conv2d`, `conv2d_1`, `conv2d_2`... that `taken` does not hold, as Keras names its layers. */
export function freeName(base: string, taken: ReadonlySet<string>): string {
  if (!taken.has(base)) return base;
  let number = 1;
  while (taken.has(`${base}_${number}`)) number += 1;
  return `${base}_${number}`;
}
