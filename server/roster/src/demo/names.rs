//! Invented names: a common surname and two characters that were usual when the person was
//! born. Given names that make a well-known person out of a common surname are left out;
//! nobody real is meant by any of the others.

use super::dice::Dice;
use crate::codes::Sex;

/// A surname, the common ones more often.
pub(super) fn surname(dice: &mut Dice) -> &'static str {
    dice.weighted(SURNAMES)
}

/// A given name of two characters.
pub(super) fn given_name(dice: &mut Dice, sex: Sex, birth_year: i32) -> String {
    let era = ERAS
        .iter()
        .find(|era| birth_year <= era.last_year)
        .unwrap_or(&ERAS[ERAS.len() - 1]);
    let (first, second) = if sex == Sex::Female { era.women } else { era.men };
    loop {
        let (first, second) = (character(dice, first), character(dice, second));
        let name = format!("{first}{second}");
        if first != second && !LEFT_OUT.contains(&name.as_str()) {
            return name;
        }
    }
}

fn character(dice: &mut Dice, characters: &'static str) -> char {
    let count = u32::try_from(characters.chars().count()).unwrap_or(0);
    characters.chars().nth(dice.below(count) as usize).unwrap_or('明')
}

struct Era {
    last_year: i32,
    men: (&'static str, &'static str),
    women: (&'static str, &'static str),
}

const ERAS: &[Era] = &[
    Era {
        last_year: 1959,
        men: ("国德文志永长玉福振广学树春金", "林祥顺田成友海生义发堂和才"),
        women: ("桂秀玉淑凤素月兰惠爱翠金", "英珍芳荣芝梅香琴云花莲霞"),
    },
    Era {
        last_year: 1979,
        men: ("建卫立庆保新志永清广", "民忠田栋松亮斌涛峰辉波勤"),
        women: ("丽春红玉秋艳晓海文雪", "萍霞敏芬娟梅燕静华莉玲"),
    },
    Era {
        last_year: 1999,
        men: ("俊浩宇鹏家明旭振博晨子", "杰飞龙凯阳超磊然轩涛辉"),
        women: ("雅梦思晓佳雨慧静婷欣丹", "婷雯琪娜楠洁莹颖蕾倩怡"),
    },
    Era {
        last_year: i32::MAX,
        men: ("梓子浩宇一沐奕俊皓承瑞", "轩辰泽宸铭睿霖翔航阳恒"),
        women: ("梓雨欣诗语若一可子沐", "涵萱彤妍桐晗琳瑶汐宁悦"),
    },
];

const LEFT_OUT: &[&str] = &[
    "学友", "德生", "德海", "国成", "国祥", "金生", "德顺", "振堂", "文成", "玉田", "玉和", "长林", "桂梅", "桂英",
    "桂芳", "秀英", "秀荣", "金莲", "兰芳", "兰英", "兰芝", "翠花", "凤霞", "凤英", "凤莲", "素梅", "素珍", "玉琴",
    "玉珍", "玉梅", "爱莲", "永波", "志忠", "建斌", "保田", "立波", "志辉", "庆松", "丽萍", "丽华", "秋霞", "秋玲",
    "艳玲", "艳梅", "海霞", "海燕", "文丽", "文娟", "文华", "文静", "晓燕", "晓霞", "晓敏", "春霞", "雪芬", "雪华",
    "红梅", "俊杰", "俊凯", "浩然", "子龙", "家辉", "鹏飞", "宇轩", "宇飞", "子涛", "俊辉", "佳琪", "静怡", "雨琪",
    "雨婷", "梦洁", "晓楠", "一桐", "子萱", "若琳", "若彤", "雨桐",
];

const SURNAMES: &[(&str, u32)] = &[
    ("王", 72),
    ("李", 71),
    ("张", 70),
    ("刘", 52),
    ("陈", 40),
    ("杨", 32),
    ("赵", 28),
    ("黄", 18),
    ("周", 20),
    ("吴", 18),
    ("徐", 16),
    ("孙", 18),
    ("胡", 14),
    ("朱", 14),
    ("高", 14),
    ("林", 10),
    ("何", 12),
    ("郭", 18),
    ("马", 16),
    ("罗", 9),
    ("梁", 9),
    ("宋", 12),
    ("郑", 10),
    ("谢", 7),
    ("韩", 12),
    ("唐", 7),
    ("冯", 9),
    ("于", 7),
    ("董", 9),
    ("程", 7),
    ("曹", 8),
    ("袁", 8),
    ("许", 8),
    ("沈", 4),
    ("彭", 5),
    ("吕", 8),
    ("苏", 6),
    ("卢", 6),
    ("蒋", 4),
    ("蔡", 4),
    ("贾", 7),
    ("丁", 5),
    ("魏", 8),
    ("薛", 5),
    ("叶", 3),
    ("潘", 4),
    ("杜", 7),
    ("夏", 4),
    ("田", 6),
    ("任", 6),
    ("姜", 4),
    ("范", 6),
    ("石", 5),
    ("姚", 5),
    ("侯", 4),
    ("邵", 3),
    ("段", 4),
    ("尹", 3),
    ("常", 4),
    ("乔", 3),
    ("贺", 3),
    ("申", 3),
    ("岳", 3),
    ("毋", 1),
    ("欧阳", 1),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_two_different_characters_and_none_that_is_left_out() {
        let mut dice = Dice::new(1);
        for year in [1935, 1959, 1960, 1985, 2015] {
            for sex in [Sex::Male, Sex::Female] {
                for _ in 0..500 {
                    let name = given_name(&mut dice, sex, year);
                    assert_eq!(name.chars().count(), 2);
                    assert!(!LEFT_OUT.contains(&name.as_str()));
                }
            }
        }
    }
}
