//! GraphQL over HTTP, WebSocket and server-sent events.
//!
//! The modules are layered. Each one imports only modules that stand below it in this list:
//!
//! | layer | modules |
//! |---|---|
//! | handlers of `/graphql` | `handler` |
//! | transports | `conditional_get`, `websocket`, `sse` |
//! | running operations | `subscription`, `execution` |
//! | reading requests | `request`, `operation` |
//! | services in [`AppState`](crate::http::state::AppState) | `operation_rules`, `response_cache`, `persisted_queries`, `consistency`, `limits` |
//! | results | `response` |
//! | errors | `error`, `negotiation` |

pub(crate) mod conditional_get;
pub(crate) mod consistency;
pub(crate) mod error;
pub(crate) mod execution;
pub(crate) mod handler;
pub(crate) mod limits;
pub(crate) mod negotiation;
pub(crate) mod operation;
pub(crate) mod operation_rules;
pub(crate) mod persisted_queries;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod response_cache;
pub(crate) mod sse;
pub(crate) mod subscription;
pub(crate) mod websocket;
