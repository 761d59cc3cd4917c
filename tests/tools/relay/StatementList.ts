import { graphql } from 'react-relay';

// A root list with a filter variable, paginated in both directions.
graphql`
  query StatementListQuery($filter: StatementFilter) {
    ...StatementList_query @arguments(filter: $filter)
  }
`;

graphql`
  fragment StatementList_query on Query
  @argumentDefinitions(
    filter: { type: "StatementFilter" }
    first: { type: "Int", defaultValue: 20 }
    after: { type: "String" }
    last: { type: "Int" }
    before: { type: "String" }
  )
  @refetchable(queryName: "StatementListMoreQuery") {
    statements(filter: $filter, first: $first, after: $after, last: $last, before: $before)
      @connection(key: "StatementList_statements", filters: ["filter"]) {
      edges {
        node {
          id
          ...StatementList_statement
        }
      }
    }
  }
`;

graphql`
  fragment StatementList_statement on Statement {
    summary
    saidAt {
      edtf
    }
    speaker {
      label
    }
  }
`;
