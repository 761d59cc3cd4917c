//! Rules for variables.

use crate::graphql_validation::Rule;

pub const RULES: &[Rule] = &[
    Rule {
        name: "UniqueVariableNames",
        valid: &[(
            "the same names in two operations",
            "query A($x: Int, $y: String) { events(first: $x, after: $y) { totalCount } } query B($x: String, $y: Int) { events(first: $y, after: $x) { totalCount } }",
        )],
        invalid: &[
            ("a variable declared twice", "query A($x: Int, $x: Int) { events(first: $x) { totalCount } }"),
            (
                "a variable declared twice with different types",
                "query A($x: Int, $x: String) { events(first: $x) { totalCount } }",
            ),
            (
                "a variable declared three times",
                "query A($x: Int, $x: Int, $x: String) { events(first: $x) { totalCount } }",
            ),
            (
                "a variable declared twice in another operation",
                "query A($x: Int) { events(first: $x) { totalCount } } query B($x: Int, $x: Int) { events(first: $x) { totalCount } }",
            ),
        ],
    },
    Rule {
        name: "VariablesAreInputTypes",
        valid: &[(
            "input types",
            "query($a: String, $b: [ID!]! = [], $c: EventFilter, $d: [EventOrder!], $e: DateTime) { nodes(ids: $b) { id } events(after: $a, filter: $c, orderBy: $d, asOf: $e) { totalCount } }",
        )],
        invalid: &[
            ("an object type", "query($a: Event) { events(filter: $a) { totalCount } }"),
            ("a union in lists", "query($a: [[ActorLink!]]! = []) { events(orderBy: $a) { totalCount } }"),
            ("an interface", "query($a: Node) { events(filter: $a) { totalCount } }"),
            ("an output type that is not used", "query($a: Event) { events { totalCount } }"),
        ],
    },
    Rule {
        name: "NoUndefinedVariables",
        valid: &[
            (
                "all variables are declared",
                "query Q($a: Int, $b: String) { events(first: $a, after: $b) { totalCount } }",
            ),
            (
                "all variables of deeper fields are declared",
                "query Q($a: Int, $b: Int) { events(first: $a) { nodes { statements(first: $b) { totalCount } } } }",
            ),
            (
                "all variables in inline fragments are declared",
                "query Q($a: Int, $b: Int) { ... on Query { events(first: $a) { nodes { ... on Event { statements(first: $b) { totalCount } } } } } }",
            ),
            (
                "all variables in fragments are declared",
                "query Q($a: Int, $b: Int) { ...A } fragment A on Query { events(first: $a) { ...B } } fragment B on EventConnection { nodes { ...C } } fragment C on Event { statements(first: $b) { totalCount } }",
            ),
            (
                "a variable in one fragment of several operations",
                "query Q($a: Int) { ...A } query R($a: Int) { ...A } fragment A on Query { events(first: $a) { totalCount } }",
            ),
            (
                "variables in fragments of the operations that declare them",
                "query Q($a: Int) { ...A } query R($b: Int) { ...B } fragment A on Query { events(first: $a) { totalCount } } fragment B on Query { events(first: $b) { totalCount } }",
            ),
        ],
        invalid: &[
            ("a variable is not declared", "query Q($a: Int) { events(first: $a, after: $d) { totalCount } }"),
            ("a variable of a query without a name", "{ events(first: $a) { totalCount } }"),
            (
                "several variables are not declared",
                "query Q($b: Int) { events(first: $b, after: $a, last: $c) { totalCount } }",
            ),
            (
                "a variable in a fragment of a query without a name",
                "{ ...A } fragment A on Query { events(first: $a) { totalCount } }",
            ),
            (
                "a variable in a fragment of a fragment",
                "query Q($a: Int) { ...A } fragment A on Query { events(first: $a) { ...B } } fragment B on EventConnection { nodes { statements(first: $c) { totalCount } } }",
            ),
            (
                "a variable that one operation of several declares",
                "query Q($a: Int) { ...A } query R { ...A } fragment A on Query { events(first: $a) { totalCount } }",
            ),
            (
                "variables that several operations do not declare",
                "query Q($b: String) { ...A } query R($a: Int) { ...A } fragment A on Query { events(first: $a, after: $b) { totalCount } }",
            ),
            (
                "a variable in a fragment of another operation",
                "query Q($b: Int) { ...A } query R($a: Int) { ...B } fragment A on Query { events(first: $a) { totalCount } } fragment B on Query { events(first: $b) { totalCount } }",
            ),
            ("a variable in a list", "{ nodes(ids: [\"a\", $b]) { id } }"),
            ("a variable in an object", "{ events(filter: {slug: {eq: $s}}) { totalCount } }"),
            ("a variable in a custom scalar", "mutation { importRecords(records: [{a: [$a]}]) { written } }"),
            ("a variable in a directive", "{ events @include(if: $i) { totalCount } }"),
            ("a variable in a directive of __typename", "{ __typename @include(if: $i) }"),
            (
                "a variable in a directive of a fragment spread",
                "{ ...A @include(if: $i) } fragment A on Query { eventTypes { type } }",
            ),
            ("a variable in a directive of an inline fragment", "{ ... @skip(if: $i) { eventTypes { type } } }"),
            ("a variable of introspection", "{ __type(name: $n) { name } }"),
        ],
    },
    Rule {
        name: "NoUnusedVariables",
        valid: &[
            ("all variables are used", "query($a: Int, $b: String) { events(first: $a, after: $b) { totalCount } }"),
            (
                "all variables are used in inline fragments",
                "query($a: Int, $b: Int) { ... on Query { events(first: $a) { nodes { ... on Event { statements(first: $b) { totalCount } } } } } }",
            ),
            (
                "all variables are used in fragments",
                "query($a: Int, $b: Int) { ...A } fragment A on Query { events(first: $a) { ...B } } fragment B on EventConnection { nodes { statements(first: $b) { totalCount } } }",
            ),
            (
                "variables are used by fragments of several operations",
                "query Q($a: Int) { ...A } query R($b: Int) { ...B } fragment A on Query { events(first: $a) { totalCount } } fragment B on Query { events(first: $b) { totalCount } }",
            ),
            (
                "a variable is used in a directive",
                "query($i: Boolean = true) { events @include(if: $i) { totalCount } }",
            ),
            (
                "a variable is used in a directive of __typename",
                "query($i: Boolean = true) { __typename @include(if: $i) }",
            ),
            (
                "a variable is used in a directive of a fragment spread",
                "query($i: Boolean = true) { ...A @include(if: $i) } fragment A on Query { eventTypes { type } }",
            ),
            ("a variable is used in a list", "query($i: ID! = \"x\") { nodes(ids: [$i]) { id } }"),
            (
                "a variable is used in an object",
                "query($s: String) { events(filter: {slug: {eq: $s}}) { totalCount } }",
            ),
            (
                "a variable is used in a custom scalar",
                "mutation($a: String) { importRecords(records: [{a: [{b: $a}]}]) { written } }",
            ),
        ],
        invalid: &[
            (
                "a variable is not used",
                "query($a: Int, $b: Int, $c: String) { events(first: $a, after: $c) { totalCount } }",
            ),
            (
                "several variables are not used",
                "query Q($a: Int, $b: Int, $c: Int) { events(first: $b) { totalCount } }",
            ),
            (
                "a variable is not used in fragments",
                "query Q($a: Int, $b: Int) { ...A } fragment A on Query { events(first: $a) { ...B } } fragment B on EventConnection { totalCount }",
            ),
            (
                "several variables are not used in fragments",
                "query Q($a: Int, $b: Int) { ...A } fragment A on Query { events { ...B } } fragment B on EventConnection { totalCount }",
            ),
            (
                "a variable is used in an unused fragment only",
                "query Q($b: Int) { events { totalCount } } fragment B on Query { events(first: $b) { totalCount } }",
            ),
            (
                "a variable is used in a fragment of another operation",
                "query Q($b: Int) { ...A } query R($a: Int) { ...B } fragment A on Query { events(first: $a) { totalCount } } fragment B on Query { events(first: $b) { totalCount } }",
            ),
            (
                "a variable of another operation is not used",
                "query Q { eventTypes { type } } query R($a: Int) { eventTypes { type } }",
            ),
        ],
    },
    Rule {
        name: "VariablesInAllowedPosition",
        valid: &[
            ("Int for Int", "query($n: Int) { events(first: $n) { totalCount } }"),
            (
                "Int for Int in a fragment",
                "query($n: Int) { ...F } fragment F on Query { events(first: $n) { totalCount } }",
            ),
            ("Int! for Int", "query($n: Int! = 1) { events(first: $n) { totalCount } }"),
            (
                "Int! for Int in a fragment",
                "fragment F on Query { events(first: $n) { totalCount } } query($n: Int! = 1) { ...F }",
            ),
            ("[String!] for [String!]", "query($s: [String!]) { events(filter: {slug: {in: $s}}) { totalCount } }"),
            (
                "[String!]! for [String!]",
                "query($s: [String!]! = []) { events(filter: {slug: {in: $s}}) { totalCount } }",
            ),
            (
                "String! in a list of String!",
                "query($s: String! = \"a\") { events(filter: {slug: {in: [$s]}}) { totalCount } }",
            ),
            (
                "String! for a list item without brackets is no list",
                "query($s: String) { events(filter: {slug: {eq: $s}}) { totalCount } }",
            ),
            ("an object for an object", "query($f: EventFilter) { events(filter: $f) { totalCount } }"),
            (
                "an object for a field of an object",
                "query($f: EventFilter) { events(filter: {not: $f}) { totalCount } }",
            ),
            (
                "String with a default for a field of String!",
                "query($t: String = \"a\") { people(filter: {name: {matches: $t}}) { totalCount } }",
            ),
            ("Boolean! in a directive", "query($i: Boolean! = true) { events @include(if: $i) { totalCount } }"),
            (
                "Int with a default for Int!",
                "query($n: Int = 1) { actors { nodes { neighbors(depth: $n) { __typename } } } }",
            ),
            (
                "Int for an argument of Int! with a default",
                "query($n: Int) { actors { nodes { neighbors(depth: $n) { __typename } } } }",
            ),
            (
                "an enum for a field of an enum! with a default",
                "query($d: Direction) { events(orderBy: [{field: WHEN, direction: $d}]) { totalCount } }",
            ),
            (
                "Boolean with a default in a directive",
                "query($i: Boolean = false) { events @include(if: $i) { totalCount } }",
            ),
            ("ID with a default for ID!", "query($i: ID = \"x\") { node(id: $i) { id } }"),
        ],
        invalid: &[
            ("ID for ID!", "query($i: ID) { node(id: $i) { id } }"),
            ("ID for ID! in a fragment", "fragment F on Query { node(id: $i) { id } } query($i: ID) { ...F }"),
            (
                "ID for ID! in a fragment of a fragment",
                "fragment G on Query { ...F } fragment F on Query { node(id: $i) { id } } query($i: ID) { ...G }",
            ),
            ("String for Boolean", "query($s: String) { events(filter: {standing: {isNull: $s}}) { totalCount } }"),
            ("String for Int", "query($s: String) { events(first: $s) { totalCount } }"),
            ("Int for Float", "query($n: Int) { figures(filter: {value: {eq: $n}}) { totalCount } }"),
            ("String for ID", "query($s: String! = \"x\") { node(id: $s) { id } }"),
            ("String for [String!]", "query($s: String) { events(filter: {slug: {in: $s}}) { totalCount } }"),
            ("String! for [String!]", "query($s: String! = \"x\") { events(filter: {slug: {in: $s}}) { totalCount } }"),
            ("[String] for [String!]", "query($s: [String]) { events(filter: {slug: {in: $s}}) { totalCount } }"),
            ("[String!] for String", "query($s: [String!]) { events(after: $s) { totalCount } }"),
            ("String in a list of String!", "query($s: String) { events(filter: {slug: {in: [$s]}}) { totalCount } }"),
            ("Boolean for Boolean! in a directive", "query($i: Boolean) { events @include(if: $i) { totalCount } }"),
            (
                "String for Boolean! in a directive",
                "query($i: String! = \"x\") { events @include(if: $i) { totalCount } }",
            ),
            ("Boolean for Boolean! in a directive of __typename", "query($i: Boolean) { __typename @include(if: $i) }"),
            (
                "Boolean for Boolean! in a directive of a fragment spread",
                "query($i: Boolean) { ...F @skip(if: $i) } fragment F on Query { eventTypes { type } }",
            ),
            ("ID with null as its default for ID!", "query($i: ID = null) { node(id: $i) { id } }"),
            (
                "String with null as its default for a field of String!",
                "query($t: String = null) { people(filter: {name: {matches: $t}}) { totalCount } }",
            ),
            ("one object for another", "query($f: ActorFilter) { events(filter: $f) { totalCount } }"),
            (
                "one enum for another",
                "query($d: Standing) { events(orderBy: [{field: WHEN, direction: $d}]) { totalCount } }",
            ),
            ("Int for String of introspection", "query($n: Int! = 1) { __type(name: $n) { name } }"),
            (
                "a variable that fits in one operation of two",
                "query Q($i: ID!) { ...F } query R($i: ID) { ...F } fragment F on Query { node(id: $i) { id } }",
            ),
        ],
    },
];
