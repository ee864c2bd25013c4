//! Why a held entry cannot count as it was made: one sentence for the secretary.

use menpai_sync_core::kinds::Labels;
use menpai_sync_core::verdict::Reason;

use super::super::wording::labels;
use crate::sync::HeldRefusal;

/// The sentence.
pub(super) fn sentence(refusal: &HeldRefusal) -> Labels {
    match refusal {
        HeldRefusal::NotHere => labels("没有找到这一条。", "There is no such entry here."),
        HeldRefusal::Decided(_) => labels("这一条已经处理过了。", "It has been decided about already."),
        HeldRefusal::Unreadable => labels(
            "这一条的内容读不出来，或者没有保留，只能搁置。",
            "Its content cannot be read or was not kept; it can only be set aside.",
        ),
        HeldRefusal::OfficeOnly => labels(
            "这种记录只能由办公室自己写，不能从手机放行，只能搁置。",
            "Only the office itself writes this; what a phone sent can only be set aside.",
        ),
        HeldRefusal::NothingToAmend => labels("这一条没有可以修改的内容。", "There is nothing in this entry to amend."),
        HeldRefusal::TooLong => labels(
            "加上放行说明后太长，请分成几条改动。",
            "With what the release adds it is too long; make several changes of it.",
        ),
        HeldRefusal::StillHeld(reason, _) => of_reason(*reason),
        HeldRefusal::Value { problem, label } => labels(
            problem.sentence(menpai_sync_core::kinds::Language::Zh, &label.zh),
            problem.sentence(menpai_sync_core::kinds::Language::En, &label.en),
        ),
    }
}

fn of_reason(reason: Reason) -> Labels {
    match reason {
        Reason::FailedRule => labels(
            "有一项不合表的要求，照原样放行还是会被暂存。",
            "One answer breaks a rule of the form; as it is it would be held again.",
        ),
        Reason::UnknownKind | Reason::NewerSchema => labels(
            "服务器还不认识这种表，等服务器更新后再放行。",
            "The server does not know this form yet; release it after the update.",
        ),
        Reason::Needs => labels(
            "它要改的对象只在另一条暂存的改动里：先放行那一条，这一条会一起放行。",
            "What it changes exists only in another held change: release that one, and this one goes with it.",
        ),
        Reason::SameIdOtherBytes => labels(
            "这个编号已经属于另一条记录，不能照原样放行。",
            "Its number belongs to another entry; it cannot be released as it is.",
        ),
        Reason::EntityExists => labels(
            "它要新建的对象已经有了，不能再建一次。",
            "What it makes exists already and cannot be made again.",
        ),
        Reason::UnknownEntity => labels(
            "它要改的对象不在名册里，可能还没到。",
            "What it changes is not in the register; it may not have arrived yet.",
        ),
        Reason::WrongType | Reason::WrongGrid => labels(
            "它要改的对象种类不对，或者属于别的网格。",
            "What it changes is of another type, or belongs to another grid.",
        ),
        Reason::MixedClasses => labels(
            "一次改动里混了不同保密级别的内容，请去掉一类再放行。",
            "It mixes fields of different sensitivity; leave one sort out and release it.",
        ),
        Reason::DeriveFailed => labels(
            "服务器合并这次改动时出错，照原样放行还会出错。",
            "The server failed to merge this change, and would again as it is.",
        ),
        other => other.sentence(),
    }
}
