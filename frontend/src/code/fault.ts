/** What is wrong at a place of a Python text, as the server says it: lines count from 1, columns from 0. */
export interface Fault {
  line: number;
  column: number;
  message: string;
  expected: string;
  received: string;
  hint: string;
}
