//! Verdicts and their reasons (docs/protocol.md section 7). A verdict is a fact once it is
//! in a line: everybody repeats it, nobody judges again.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::{Hash, Seq};
use crate::json::{FromJson, JsonError};
use crate::kinds::Labels;
use crate::wire::DATED_RECEIPTS;

/// What the home decided about an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It counts.
    Merged,
    /// Kept, does not count, with a reason.
    Held,
    /// An edit past a gap; judged when the gap is filled.
    Waiting,
    /// Was held or waiting; what it says counts through an entry of the office (`detail`).
    Released,
    /// Was held or waiting; the office decided (`detail`) that it does not count. Kept.
    SetAside,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Verdict; 5] = [
        Verdict::Merged,
        Verdict::Held,
        Verdict::Waiting,
        Verdict::Released,
        Verdict::SetAside,
    ];

    /// As it is written in lines and in SQL.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Verdict::Merged => "merged",
            Verdict::Held => "held",
            Verdict::Waiting => "waiting",
            Verdict::Released => "released",
            Verdict::SetAside => "set_aside",
        }
    }

    /// The same as a device understands it that speaks an older protocol: what the office
    /// decided about a held entry is still held there.
    #[must_use]
    pub const fn as_spoken(self, protocol: u32) -> Verdict {
        match self {
            Verdict::Released | Verdict::SetAside if protocol < DATED_RECEIPTS => Verdict::Held,
            verdict => verdict,
        }
    }
}

impl FromJson for Verdict {
    fn from_json(value: Value) -> Result<Verdict, JsonError> {
        let named = |verdict: &Verdict| value.as_str() == Some(verdict.code());
        (Verdict::ALL.into_iter().find(named)).ok_or_else(|| JsonError::new("not a verdict"))
    }
}

/// What the home derived a merged edit from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Derived {
    /// The document's epoch.
    pub epoch: u64,
    /// Sorted, without duplicates, never pruned.
    pub deps: Vec<Hash>,
    /// This device's count of merged edits in the document.
    pub seq: Seq,
    /// The change that came out.
    pub hash: Hash,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $zh:literal, $en:literal;)+) => {
        /// Why an entry does not count (yet).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Reason {
            $($(#[$doc])* $variant,)+
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant),+];

            /// As it is written in lines and in SQL.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Reason::$variant => $code,)+
                }
            }

            /// The same as a device understands it that speaks an older protocol; `None`: that has
            /// no word for it.
            #[must_use]
            pub fn as_spoken(self, protocol: u32) -> Option<Reason> {
                Some(self).filter(|reason| *reason != Reason::Erased || protocol >= DATED_RECEIPTS)
            }

            /// One sentence for the worker and the secretary.
            #[must_use]
            pub fn sentence(self) -> Labels {
                match self {
                    $(Reason::$variant => Labels { zh: $zh.to_owned(), en: $en.to_owned() },)+
                }
            }
        }
    };
}

impl FromJson for Reason {
    fn from_json(value: Value) -> Result<Reason, JsonError> {
        let named = |reason: &Reason| value.as_str() == Some(reason.code());
        (Reason::ALL.iter().copied().find(named)).ok_or_else(|| JsonError::new("not a reason"))
    }
}

reasons! {
    /// Not readable under sections 2 and 3.
    Unreadable = "unreadable", "这一条读不出来，原样留在服务器上，请书记查看", "This entry cannot be read; it is kept as it came for the secretary to look at";
    /// Over 16,384 bytes.
    Oversize = "oversize", "这一条太长，请分成几条再记", "This entry is too long; please record it again in several parts";
    /// An id that other bytes already have.
    SameIdOtherBytes = "same_id_other_bytes", "同一编号已有另一份内容，请书记核对", "Another entry has the same number; the secretary will compare them";
    /// A kind the home does not know.
    UnknownKind = "unknown_kind", "服务器还不认识这种表，等服务器更新", "The server does not know this form yet; it waits for an update";
    /// A version the home does not know.
    NewerSchema = "newer_schema", "手机上的表比服务器新，等服务器更新", "The phone's form is newer than the server's; it waits for an update";
    /// A rule of the kind file.
    FailedRule = "failed_rule", "有一项不合要求，请书记核对后再定", "One answer breaks a rule of the form; the secretary will decide";
    /// Fields of different sensitivity in one edit.
    MixedClasses = "mixed_classes", "一次改动里混了不同保密级别的内容", "One change mixes fields of different sensitivity";
    /// Another worker than the device's.
    WrongWorker = "wrong_worker", "记录人与这部手机登记的人不同", "The entry names another worker than this phone's";
    /// No task there at made-time, or not the right to write this.
    NotAssigned = "not_assigned", "记录时不负责这个网格，等书记决定", "You were not assigned to this grid at that time; the secretary will decide";
    /// After the device's revocation.
    Revoked = "revoked", "这部手机已停用，等书记决定", "This phone has been revoked; the secretary will decide";
    /// Sets fields of nothing.
    UnknownEntity = "unknown_entity", "要改的住户或地方不在名册里", "The household or place to change is not in the register";
    /// Names an entity by another type.
    WrongType = "wrong_type", "要改的对象种类不对", "The thing to change is of another type";
    /// Names an entity of another grid.
    WrongGrid = "wrong_grid", "要改的对象属于别的网格", "The thing to change belongs to another grid";
    /// Makes what exists already.
    EntityExists = "entity_exists", "要新建的对象已经有了", "The thing to create exists already";
    /// Needs an entity that only a held edit makes.
    Needs = "needs", "它要改的对象还在暂存，等那一条先定", "It changes something that is itself held; that must be decided first";
    /// Comes after entries that have not arrived.
    AfterGap = "after_gap", "这部手机前面的记录还没到，先等着", "Earlier entries of this phone have not arrived yet; it waits";
    /// About somebody or something that was erased: only its hash is kept.
    Erased = "erased", "它说的人或住户已按规定删除，内容没有保留", "It is about somebody whose data was erased; its content was not kept";
    /// No change could be derived.
    DeriveFailed = "derive_failed", "这次改动没能合并，请联系管理员", "This change could not be merged; please tell the administrator";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_1_is_told_no_word_that_it_cannot_read() {
        assert_eq!(Reason::Erased.as_spoken(1), None);
        assert_eq!(Reason::Erased.as_spoken(2), Some(Reason::Erased));
        assert_eq!(Reason::NotAssigned.as_spoken(1), Some(Reason::NotAssigned));
        assert_eq!(Verdict::SetAside.as_spoken(1), Verdict::Held);
    }

    #[test]
    fn codes_are_what_serde_writes() {
        for reason in Reason::ALL {
            assert_eq!(serde_json::to_string(reason).unwrap(), format!("\"{}\"", reason.code()));
        }
        for verdict in Verdict::ALL {
            assert_eq!(
                serde_json::to_string(&verdict).unwrap(),
                format!("\"{}\"", verdict.code())
            );
        }
    }
}
