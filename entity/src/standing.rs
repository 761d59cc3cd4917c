//! How a claim stands.

use crate::string_enum::string_enum;

string_enum! {
    /// How a claim stands between the voices for and against it. Never stored as truth: it is derived from stances,
    /// of which the last one of each voice counts.
    Standing {
        /// There are voices for and against it.
        Contested,
        /// There are only voices for it.
        Uncontested,
        /// Nobody holds it any more and someone took it back.
        Retracted,
        /// Nobody holds it and someone denies it.
        Denied,
        /// Nobody holds it.
        Unsupported,
    }
}
