//! Statements: acts of saying something.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{ActorId, ArticleId, PlaceId, StatementId};
use crate::row::row_struct;
use crate::string_enum::string_enum;

row_struct! {
    /// One act of saying something, as given by one reporting phrase or quotation.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "statement")]
    pub struct Model {
        /// Row id.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: StatementId,
        /// Summary of what is said, written by the dataset's authors.
        pub summary: String,
        /// Verbatim text of what is said.
        pub text: Option<String>,
        /// Speaker.
        pub speaker_id: Option<ActorId>,
        /// The speaker as printed.
        pub speaker_text: Option<String>,
        /// The reporting word, such as `said` or `claimed`.
        pub cue: Option<String>,
        /// Attribution: the kind of source.
        pub attribution: Attribution,
        /// Form of quotation.
        pub quote_type: QuoteType,
        /// Medium.
        pub medium: Medium,
        /// The service or outlet on which the statement was made.
        pub platform: Option<String>,
        /// Speech act.
        pub act: Option<SpeechAct>,
        /// BCP 47 tag of the original language.
        pub language: Option<String>,
        /// Date of the statement, in EDTF.
        pub said: Option<String>,
        /// The date in the words of the source.
        pub said_raw: Option<String>,
        /// Earliest possible start, in seconds since 1970 UTC.
        pub earliest: Option<i64>,
        /// Latest possible end, exclusive, in seconds since 1970 UTC.
        pub latest: Option<i64>,
        /// Place where the statement was made.
        pub place_id: Option<PlaceId>,
        /// Addressee.
        pub addressee_id: Option<ActorId>,
        /// The first article that reports the statement.
        pub article_id: Option<ArticleId>,
        /// The statement that this one relays.
        pub relays_id: Option<StatementId>,
        /// Derived: the start of the statement's first evidence in its article, as a code point index.
        pub position: Option<i32>,
        /// Derived: identifies the voice for which the statement's stances count. Equal values are the same voice.
        pub voice: Option<String>,
        /// Derived: the actor that is the voice; none for an unnamed voice.
        pub voice_id: Option<ActorId>,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// The kind of source that a statement is attributed to.
    Attribution {
        /// A person, identified by name or office.
        NamedPerson,
        /// An organization.
        NamedOrganization,
        /// A group of people.
        Group,
        /// A source that is not named.
        Anonymous,
        /// Nobody in particular, as in `widely blamed` or `has been reported`.
        Unattributed,
        /// The article itself, in its own voice.
        Narration,
        /// Unknown, because the source feed gives no speaker.
        NotRecorded,
    }
}

string_enum! {
    /// The form of a quotation.
    QuoteType {
        /// Direct quotation in the speaker's own words.
        Direct,
        /// Reported speech in the words of whoever reports it.
        Indirect,
        /// Reported speech with quoted fragments.
        Mixed,
    }
}

string_enum! {
    /// The medium of a statement; the most specific one applies.
    Medium {
        /// Said to a journalist, for example in an interview.
        Interview,
        /// A post on Twitter or X.
        Tweet,
        /// A post on another social service or messenger.
        SocialPost,
        /// A written press release.
        PressRelease,
        /// Said at a press conference.
        PressConference,
        /// A speech.
        Speech,
        /// A radio or television broadcast.
        Broadcast,
        /// A video.
        Video,
        /// A published report.
        Report,
        /// An article.
        Article,
        /// A letter.
        Letter,
        /// A court document, such as a ruling, charge or testimony.
        CourtDocument,
        /// The source does not give the medium.
        Unknown,
    }
}

string_enum! {
    /// The speech act: what the speaker does by making the statement.
    SpeechAct {
        /// Gives information.
        Inform,
        /// Blames somebody for something.
        Accuse,
        /// Condemns somebody or something.
        Condemn,
        /// Denies something.
        Deny,
        /// Confirms something.
        Confirm,
        /// Praises somebody or something.
        Praise,
        /// Promises or announces something.
        Promise,
        /// Threatens somebody.
        Threaten,
        /// Asks for something or demands it.
        Request,
        /// Refuses something.
        Refuse,
        /// Apologizes for something.
        Apologize,
        /// Expresses a wish for somebody.
        Wish,
        /// Warns of something.
        Warn,
        /// Makes a prediction.
        Predict,
    }
}
