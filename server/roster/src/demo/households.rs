//! Who lives together: the kinds of households of an old part of town, how many there are of
//! each, and the ages and relations in one. The numbers were chosen so that 23 to 24 of a
//! hundred people are sixty or older and 3 to 4 are eighty or older.

use super::dice::Dice;
use crate::codes::Sex;

/// What kind of household it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    LoneElder,
    ElderCouple,
    ElderCoupleWithChild,
    ElderWithChild,
    ThreeGenerationsOneElder,
    ThreeGenerationsTwoElders,
    GrandparentWithGrandchild,
    Single,
    Couple,
    CoupleWithChild,
    CoupleWithTwoChildren,
    ParentWithChild,
}

/// How many households there are of each kind; 2,400 together.
pub(super) const COUNTS: &[(Kind, usize)] = &[
    (Kind::LoneElder, 75),
    (Kind::ElderCouple, 320),
    (Kind::ElderCoupleWithChild, 110),
    (Kind::ElderWithChild, 110),
    (Kind::ThreeGenerationsOneElder, 170),
    (Kind::ThreeGenerationsTwoElders, 85),
    (Kind::GrandparentWithGrandchild, 15),
    (Kind::Single, 310),
    (Kind::Couple, 340),
    (Kind::CoupleWithChild, 640),
    (Kind::CoupleWithTwoChildren, 120),
    (Kind::ParentWithChild, 105),
];

/// One person of a household before it has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) sex: Sex,
    pub(super) age: u32,
    /// Code of the relation to the head.
    pub(super) relation: &'static str,
    /// People of one line share a surname.
    pub(super) line: usize,
}

/// The people of one household, the head first.
pub(super) fn compose(kind: Kind, dice: &mut Dice) -> Vec<Member> {
    match kind {
        Kind::LoneElder => {
            let age = dice.weighted(LONE_ELDER_AGES) + dice.below(5);
            vec![member(woman_in(dice, 65), age, HEAD, 0)]
        }
        Kind::ElderCouple => elder_couple(dice),
        Kind::ElderCoupleWithChild => {
            let mut people = elder_couple(dice);
            let line = husband_line(&people);
            let youngest = people[0].age.min(people[1].age);
            people.push(grown_child(dice, youngest, line));
            people
        }
        Kind::ElderWithChild => {
            let elder = member(woman_in(dice, 65), elder_age(dice), HEAD, 0);
            let line = usize::from(elder.sex == Sex::Female);
            vec![elder, grown_child(dice, elder.age, line)]
        }
        Kind::ThreeGenerationsOneElder => three_generations(dice, false),
        Kind::ThreeGenerationsTwoElders => three_generations(dice, true),
        Kind::GrandparentWithGrandchild => grandparent(dice),
        Kind::Single => vec![member(woman_in(dice, 45), adult_age(dice), HEAD, 0)],
        Kind::Couple => couple(dice, 24),
        Kind::CoupleWithChild => {
            let mut people = couple(dice, 25);
            let age = child_age(dice, mother_age(&people));
            people.push(child(woman_in(dice, 47), age));
            people
        }
        Kind::CoupleWithTwoChildren => two_children(dice),
        Kind::ParentWithChild => {
            let parent = member(woman_in(dice, 65), adult_age(dice).clamp(25, 56), HEAD, 0);
            let age = child_age(dice, parent.age);
            let line = usize::from(parent.sex == Sex::Female);
            vec![
                parent,
                Member {
                    line,
                    ..child(woman_in(dice, 47), age)
                },
            ]
        }
    }
}

const HEAD: &str = "02";

/// First year of a band of five, and its weight.
const ELDER_AGES: &[(u32, u32)] = &[(60, 30), (65, 27), (70, 18), (75, 11), (80, 8), (85, 5), (90, 1)];
const LONE_ELDER_AGES: &[(u32, u32)] = &[(65, 12), (70, 22), (75, 26), (80, 22), (85, 14), (90, 4)];
const ADULT_AGES: &[(u32, u32)] = &[
    (22, 8),
    (27, 14),
    (32, 18),
    (37, 16),
    (42, 14),
    (47, 14),
    (52, 12),
    (55, 4),
];

fn member(sex: Sex, age: u32, relation: &'static str, line: usize) -> Member {
    Member {
        sex,
        age,
        relation,
        line,
    }
}

fn woman_in(dice: &mut Dice, percent: u32) -> Sex {
    if dice.percent(percent) { Sex::Female } else { Sex::Male }
}

fn by_sex(sex: Sex, man: &'static str, woman: &'static str) -> &'static str {
    if sex == Sex::Female { woman } else { man }
}

fn elder_age(dice: &mut Dice) -> u32 {
    dice.weighted(ELDER_AGES) + dice.below(5)
}

fn adult_age(dice: &mut Dice) -> u32 {
    dice.weighted(ADULT_AGES) + dice.below(5)
}

/// Years by which a wife is younger than two years more than her husband.
const WIFE_YOUNGER: &[(u32, u32)] = &[(0, 4), (1, 8), (2, 20), (3, 24), (4, 18), (5, 12), (6, 8), (8, 6)];

/// A wife is two years older to six years younger.
fn wife_age(dice: &mut Dice, husband: u32) -> u32 {
    (husband + 2) - dice.weighted(WIFE_YOUNGER)
}

fn elder_couple(dice: &mut Dice) -> Vec<Member> {
    let husband = elder_age(dice);
    let wife = wife_age(dice, husband).max(60);
    if dice.percent(80) {
        vec![member(Sex::Male, husband, HEAD, 0), member(Sex::Female, wife, "12", 1)]
    } else {
        vec![member(Sex::Female, wife, HEAD, 1), member(Sex::Male, husband, "11", 0)]
    }
}

/// A couple of working age, the husband the head; the wife is `youngest` or older.
fn couple(dice: &mut Dice, youngest: u32) -> Vec<Member> {
    let husband = adult_age(dice).clamp(youngest, 59);
    let wife = wife_age(dice, husband).clamp(youngest, 59);
    vec![member(Sex::Male, husband, HEAD, 0), member(Sex::Female, wife, "12", 1)]
}

fn husband_line(people: &[Member]) -> usize {
    people
        .iter()
        .find(|person| person.sex == Sex::Male)
        .map_or(0, |husband| husband.line)
}

fn mother_age(people: &[Member]) -> u32 {
    people
        .iter()
        .filter(|person| person.sex == Sex::Female)
        .map(|mother| mother.age)
        .max()
        .unwrap_or(30)
}

/// A child still at home: its mother was 22 to 35 when it was born, and it is not over 26.
fn child_age(dice: &mut Dice, mother: u32) -> u32 {
    let (least, most) = (mother.saturating_sub(26).max(22), mother.clamp(23, 36) - 1);
    mother - dice.between(least, most.max(least)).min(mother)
}

fn child(sex: Sex, age: u32) -> Member {
    member(sex, age, by_sex(sex, "20", "30"), 0)
}

/// A grown-up son or daughter in the parents' household, younger than sixty.
fn grown_child(dice: &mut Dice, parent: u32, line: usize) -> Member {
    let gap = dice.between(22, 34).max(parent.saturating_sub(59));
    let sex = woman_in(dice, 40);
    Member {
        line,
        ..child(sex, parent - gap)
    }
}

fn two_children(dice: &mut Dice) -> Vec<Member> {
    let mut people = couple(dice, 28);
    let elder = child_age(dice, mother_age(&people)).max(2);
    let younger = elder.saturating_sub(dice.between(2, 7));
    let (first, second) = (woman_in(dice, 50), woman_in(dice, 47));
    let mut children = [child(first, elder), child(second, younger)];
    if first == second {
        children[0].relation = by_sex(first, "22", "32");
        children[1].relation = by_sex(second, "23", "33");
    }
    people.extend(children);
    people
}

/// One or two elders, a couple and its child. The head is an elder or the young husband; the
/// couple is the elders' son with his wife or their daughter with her husband.
fn three_generations(dice: &mut Dice, two_elders: bool) -> Vec<Member> {
    let elders = if two_elders {
        elder_couple(dice)
    } else {
        vec![member(woman_in(dice, 70), elder_age(dice), HEAD, 0)]
    };
    let through_son = dice.percent(75);
    let own_age = {
        let youngest = elders.iter().map(|elder| elder.age).min().unwrap_or(60);
        youngest - dice.between(23, 33).max(youngest.saturating_sub(59))
    };
    let (husband_age, wife_age) = if through_son {
        (own_age, wife_age(dice, own_age).clamp(24, 59))
    } else {
        ((own_age + dice.below(4)).min(59), own_age)
    };
    let grandchild_sex = woman_in(dice, 47);
    let grandchild_age = child_age(dice, wife_age.max(24));
    // Lines: 0 the elders' men, 1 a wife of theirs, 2 the young wife, 3 the young husband.
    let own_line = if two_elders || elders[0].sex == Sex::Male { 0 } else { 3 };
    let (husband_line, wife_line) = if through_son { (own_line, 2) } else { (3, 0) };
    let elder_is_head = dice.percent(45);
    let relations = match (elder_is_head, through_son) {
        (true, true) => ["20", "38", by_sex(grandchild_sex, "41", "42")],
        (true, false) => ["28", "30", by_sex(grandchild_sex, "43", "44")],
        (false, _) => [HEAD, "12", by_sex(grandchild_sex, "20", "30")],
    };
    let young = [
        member(Sex::Male, husband_age, relations[0], husband_line),
        member(Sex::Female, wife_age, relations[1], wife_line),
        member(grandchild_sex, grandchild_age, relations[2], husband_line),
    ];
    if elder_is_head {
        return elders.into_iter().chain(young).collect();
    }
    let (father, mother) = if through_son { ("51", "52") } else { ("55", "56") };
    let elders = elders.into_iter().map(|elder| Member {
        relation: by_sex(elder.sex, father, mother),
        ..elder
    });
    young.into_iter().chain(elders).collect()
}

fn grandparent(dice: &mut Dice) -> Vec<Member> {
    let elder = member(woman_in(dice, 60), dice.between(60, 76), HEAD, 0);
    let sex = woman_in(dice, 47);
    let through_son = dice.percent(70);
    let relation = if through_son {
        by_sex(sex, "41", "42")
    } else {
        by_sex(sex, "43", "44")
    };
    let line = usize::from(!(through_son && elder.sex == Sex::Male));
    vec![elder, member(sex, dice.between(6, 15), relation, line)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_add_up_to_the_households() {
        let all: usize = COUNTS.iter().map(|(_, count)| count).sum();
        assert_eq!(all, super::super::HOUSEHOLDS);
    }

    #[test]
    fn every_household_is_plausible() {
        let mut dice = Dice::new(3);
        for (kind, _) in COUNTS {
            for _ in 0..400 {
                let people = compose(*kind, &mut dice);
                assert!((1..=5).contains(&people.len()));
                assert_eq!(people[0].relation, HEAD);
                assert_eq!(people.iter().filter(|one| one.relation == HEAD).count(), 1);
                assert!(people.iter().all(|one| one.age <= 99), "{kind:?} {people:?}");
                let ages = |codes: &[&str]| -> Vec<u32> {
                    people
                        .iter()
                        .filter(|one| codes.contains(&one.relation))
                        .map(|one| one.age)
                        .collect()
                };
                let head = people[0].age;
                assert!(head >= 20);
                for age in ages(&["10", "11", "12"]) {
                    assert!(age.abs_diff(head) <= 8, "{kind:?} {people:?}");
                }
                for age in ages(&["20", "22", "23", "30", "32", "33"]) {
                    assert!(head >= age + 18, "{kind:?} {people:?}");
                }
                for age in ages(&["51", "52", "55", "56"]) {
                    assert!(age >= head + 16, "{kind:?} {people:?}");
                }
            }
        }
    }
}
