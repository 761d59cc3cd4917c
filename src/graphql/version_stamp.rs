//! Identifies versions of the graph.

use entity::row::Rows;
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};

use crate::db::Snapshot;
use crate::error::Result;

/// Identifies a version of the graph. Two databases with the same history up to a backup can have the same version number with
/// different contents, so the time and the counters are compared too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct VersionStamp {
    pub(crate) version: i64,
    at: i64,
    pub(crate) last_id: i64,
    pub(crate) last_change: i64,
}

impl VersionStamp {
    /// Selects the stamp of the current version, or of an earlier one.
    pub(crate) fn select(version: Option<i64>) -> SelectStatement {
        let current = Query::select().column("value").from("counter").and_where(Expr::col("name").eq("version")).take();
        let version = version.map_or_else(|| Expr::SubQuery(None, Box::new(current.into())), Expr::val);
        Query::select()
            .columns(["version", "at", "last_id", "last_change"])
            .from("moment")
            .and_where(Expr::col("version").eq(version))
            .take()
    }

    /// Returns the stamp that [`Self::select`] found, if any.
    pub(crate) fn from_rows(rows: &Rows) -> Result<Option<Self>> {
        let stamp = rows.first().map(|row| {
            let number = |column: &str| row.get(column);
            Ok(Self {
                version: number("version")?,
                at: number("at")?,
                last_id: number("last_id")?,
                last_change: number("last_change")?,
            })
        });
        stamp.transpose()
    }

    /// Reads the stamp of a snapshot, or of an earlier version that it knows.
    pub(crate) async fn read(snapshot: &mut Snapshot, version: Option<i64>) -> Result<Option<Self>> {
        Self::from_rows(&snapshot.all(&Self::select(version)).await?)
    }
}
