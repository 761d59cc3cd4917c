//! Feeds by others: each row of a file becomes records, which go in by the one importer like all records.
//!
//! A feed is turned in a stream into a spooled file of record lines, each with the number of the line it was made from.
//! So the rules, the reports and the transaction of an import are those of files of records. What a feed gives and the
//! graph has no place for is counted, never guessed at.

mod acled;
mod acled_type;
mod archive;
mod code;
mod converted;
mod dedup;
mod detect;
mod ftm;
mod ftm_entity;
mod gdelt;
mod gdelt_event;
mod gdelt_mention;
mod geonames;
mod geonames_names;
mod gkg;
mod object;
mod polecat;
mod polecat_actor;
mod polecat_place;
mod record_writer;
mod row;
mod table;
mod ucdp;
mod ucdp_article;

pub(crate) use crate::import::feed::converted::Converted;

use std::fs::File;
use std::io::{BufRead, Read};

use clap::ValueEnum;

use crate::error::{Error, Result};
use crate::import::feed::dedup::Seen;
use crate::import::feed::record_writer::Out;
use crate::import::feed::row::{Mistake, Row};
use crate::import::feed::table::{Layout, Table};
use crate::import::source::Source;
use crate::import::spool;

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Whichever of the others its content shows.
    Auto,
    /// One JSON object a line; see `newsgraph schema --records`.
    Records,
    /// GDELT 2.0 events, also translated: 61 columns without a header.
    GdeltEvents,
    /// GDELT 2.0 mentions, also translated: 16 columns without a header. Those of events that are not stored are skipped.
    GdeltMentions,
    /// GDELT Global Knowledge Graph 2.1, also translated: 27 columns without a header.
    GdeltGkg,
    /// UCDP Georeferenced Event Dataset: comma-separated with a header.
    Ucdp,
    /// ACLED: comma-separated with a header, from the API or the export tool.
    Acled,
    /// POLECAT: tab-separated with a header; events in the terms of PLOVER.
    Polecat,
    /// FollowTheMoney entities or a delta of them: one JSON object a line.
    Ftm,
    /// GeoNames places: 19 columns without a header.
    Geonames,
    /// GeoNames alternate names: 10 columns without a header. Those of places that are not stored are skipped.
    GeonamesNames,
}

/// How to read feeds.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The form of the files.
    pub format: Format,
    /// The dataset of feeds and of records that do not name one; each feed has one by default.
    pub dataset: Option<String>,
    /// Whether names that GDELT's knowledge graph and POLECAT see in articles are kept as mentions.
    pub mentions: bool,
    /// Whether quotations of the knowledge graph are kept as statements.
    pub quotations: bool,
}

/// What is known of a feed before its first row.
struct About {
    dataset: &'static str,
    title: &'static str,
    licence: Option<&'static str>,
    url: Option<&'static str>,
    layout: Layout,
    feed: Box<dyn Feed>,
}

/// Turns the rows of one file into records.
trait Feed {
    /// One row. With a mistake nothing of it is written.
    fn row(&mut self, row: &Row<'_>, out: &mut Out<'_>) -> Result<(), Mistake>;

    /// What is left to write behind the last row.
    fn end(&mut self, _out: &mut Out<'_>) {}
}

impl Format {
    fn about(self, settings: &Settings) -> Option<About> {
        match self {
            Self::Auto | Self::Records => None,
            Self::GdeltEvents => Some(gdelt_event::about()),
            Self::GdeltMentions => Some(gdelt_mention::about()),
            Self::GdeltGkg => Some(gkg::about(settings)),
            Self::Ucdp => Some(ucdp::about()),
            Self::Acled => Some(acled::about()),
            Self::Polecat => Some(polecat::about(settings)),
            Self::Ftm => Some(ftm::about()),
            Self::Geonames => Some(geonames::about()),
            Self::GeonamesNames => Some(geonames_names::about()),
        }
    }
}

/// Opens files, packed or not, and turns those that are feeds into records.
pub fn open(files: &[String], settings: &Settings) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    // Files of one import share actors, places and articles.
    let mut seen = Seen::default();
    for name in files {
        archive::each(name, &mut |name, reader| {
            seen.turn_to(sources.len());
            sources.push(source(name, reader, settings, &mut seen)?);
            Ok(())
        })?;
    }
    for (file, source) in sources.iter_mut().enumerate() {
        if let Some(feed) = &mut source.feed {
            (feed.replaced, feed.kept) = seen.lines(file);
        }
    }
    // The id of a folded mirror is known once its events are in.
    sources.sort_by_key(|source| source.feed.as_ref().is_some_and(|feed| feed.adds));
    Ok(sources)
}

fn source(name: &str, reader: &mut dyn BufRead, settings: &Settings, seen: &mut Seen) -> Result<Source> {
    let failed = |error| Error::Io(format!("cannot read {name}"), error);
    let mut start = Vec::new();
    let format = match settings.format {
        Format::Auto => {
            (&mut *reader).take(detect::ENOUGH).read_to_end(&mut start).map_err(failed)?;
            detect::format(&start).ok_or_else(|| {
                Error::BadInput(format!("{name} looks like no feed known here: say which it is with --format"))
            })?
        }
        format => format,
    };
    let mut reader = start.as_slice().chain(reader);
    let Some(about) = format.about(settings) else {
        return Ok(Source::converted(name, spool::keep(name, &mut reader)?, None));
    };
    convert(name, &mut reader, about, settings, seen)
}

fn convert(name: &str, reader: &mut dyn BufRead, about: About, settings: &Settings, seen: &mut Seen) -> Result<Source> {
    let dataset = settings.dataset.as_deref().unwrap_or(about.dataset);
    let mut feed = about.feed;
    let mut out = Out::new(name, dataset, seen)?;
    out.dataset(dataset, about.title, about.licence, about.url)?;
    let mut table = Table::open(name, reader, about.layout)?;
    while let Some(read) = table.next()? {
        match read {
            table::Read::Row(line, cells) => {
                let row = Row::new(table.names(), &cells);
                out.row(line, |out| feed.row(&row, out))?;
            }
            table::Read::Skipped(reason) => out.passed_over(reason),
            table::Read::Wrong(line, mistake) => out.reject(line, mistake),
        }
    }
    out.last(|out| feed.end(out))?;
    if table.recoded() > 0 {
        out.note(format!(
            "{name}: {} lines are not UTF-8 and were read as ISO-8859-1, in which older files of this feed are written",
            table.recoded()
        ));
    }
    let (file, converted): (File, Converted) = out.end()?;
    Ok(Source::converted(name, file, Some(converted)))
}
