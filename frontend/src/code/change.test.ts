import { expect, it } from "vitest";
import { smallestChange } from "./change";

it.each([
  ["", "abc"],
  ["abc", ""],
  ["abcdef", "abXdef"],
  ["aaa", "aaaa"],
  ["one\ntwo\nthree", "one\nthree"],
  ["xyx", "xyxyx"],
])("makes %j into %j by one change", (before, after) => {
  const change = smallestChange(before, after);
  const { from, to, insert } = change as NonNullable<typeof change>;
  expect(before.slice(0, from) + insert + before.slice(to)).toBe(after);
  expect(to - from === 0 || insert.length === 0 || before[from] !== insert[0]).toBe(true);
});

it("changes nothing where nothing changed", () => expect(smallestChange("a", "a")).toBeNull());
