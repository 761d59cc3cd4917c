//! GraphQL over HTTP, web sockets and server-sent events.

pub(crate) mod consistency;
pub(crate) mod error;
pub(crate) mod execution;
pub(crate) mod handler;
pub(crate) mod limits;
pub(crate) mod negotiation;
pub(crate) mod operation;
pub(crate) mod persisted_queries;
pub(crate) mod response;
pub(crate) mod response_cache;
pub(crate) mod sse;
pub(crate) mod subscription;
pub(crate) mod websocket;
