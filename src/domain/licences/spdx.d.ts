/** Two packages without types of their own. */

declare module 'spdx-expression-parse' {
  interface Licence {
    license: string;
    plus?: true;
    exception?: string;
  }
  interface Conjunction {
    left: Expression;
    conjunction: 'and' | 'or';
    right: Expression;
  }
  type Expression = Licence | Conjunction;
  function parse(text: string): Expression;

  export type { Conjunction, Expression, Licence };
  export default parse;
}

declare module 'spdx-satisfies' {
  function satisfies(expression: string, licences: string[]): boolean;
  export default satisfies;
}
