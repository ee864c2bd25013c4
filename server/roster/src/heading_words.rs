//! The headings by which offices call the columns of a roster. A heading that may be about
//! somebody else than the row's person (监护人电话) is none of them.

use crate::column::Column;
use crate::normalise;

/// The column that a heading names, however it is spaced, starred or bracketed.
pub(crate) fn column(text: &str) -> Option<Column> {
    let heading: String = normalise::compact(text)
        .chars()
        .filter(|letter| !matches!(letter, '*' | ':' | '.' | '\'' | '"'))
        .collect();
    known(&heading).or_else(|| known(&without_brackets(&heading)?))
}

/// Whether a heading is 户主姓名: names the head of the household, who is the row's person
/// only where no other column is.
pub(crate) fn names_the_head(text: &str) -> bool {
    matches!(normalise::compact(text).as_str(), "户主姓名" | "户主名字" | "户主")
}

fn known(heading: &str) -> Option<Column> {
    Column::all()
        .find(|column| column.heading() == heading)
        .or_else(|| {
            SYNONYMS
                .iter()
                .find(|(_, synonyms)| synonyms.split(' ').any(|synonym| synonym == heading))
                .map(|(column, _)| *column)
        })
        .or_else(|| is_address_of_parts(heading).then_some(Column::Address))
}

/// 联系电话(手机) is 联系电话; 电话(监护人) is somebody else's.
fn without_brackets(heading: &str) -> Option<String> {
    let (before, rest) = heading.split_once(['(', '[', '【'])?;
    let (inside, after) = rest.split_once([')', ']', '】'])?;
    let about_another = SOMEBODY_ELSE.split(' ').any(|word| inside.contains(word));
    (!about_another).then(|| format!("{before}{after}"))
}

const SOMEBODY_ELSE: &str = "监护 家属 子女 儿 女 紧急 联系人 户主 配偶 父 母 亲";

/// Several parts of an address in one heading (楼栋/单元/门牌) are one address column.
fn is_address_of_parts(heading: &str) -> bool {
    let mut rest = heading;
    let mut parts = 0;
    let mut ends_with_door = false;
    while !rest.is_empty() {
        rest = rest.trim_start_matches(['/', '-', '、', '+', '及', '和', ',']);
        let Some((part, after)) = ADDRESS_PARTS
            .split(' ')
            .find_map(|part| Some((part, rest.strip_prefix(part)?)))
        else {
            return false;
        };
        ends_with_door = matches!(known(part), Some(Column::Door));
        parts += 1;
        rest = after;
    }
    parts > 1 && ends_with_door
}

/// Longer ones first.
const ADDRESS_PARTS: &str =
    "小区 楼院 楼栋号 楼栋 楼号 栋号 幢号 单元号 单元 门牌号 门牌 房间号 房号 室号 室 户室 栋 幢 楼";

/// Other headings for the same columns.
const SYNONYMS: &[(Column, &str)] = &[
    (
        Column::Grid,
        "网格名称 所属网格 所在网格 网格编号 网格号 网格代码 网格编码 基础网格",
    ),
    (
        Column::Compound,
        "小区 楼院 院 院落 庭院 家属院 小区名称 楼院名称 院落名称 所属小区 所在小区 \
         居民小区 小区/楼院 楼院/小区 小区/院落 小区楼院 小区院落 小区名",
    ),
    (
        Column::Building,
        "楼号 楼栋号 楼栋单元 楼栋单元号 楼号单元 楼号单元号 楼栋名称 楼幢 楼幢号 栋 栋号 幢 幢号 楼 楼座 楼座号 座号 楼宇 \
         所在楼栋 所属楼栋 楼栋/幢 栋/幢",
    ),
    (Column::Unit, "单元号 单元门 单元编号"),
    (
        Column::Door,
        "门牌号 门牌号码 门号 房号 房间号 房间 房屋号 房门号 房牌号 房室号 室 室号 \
         户室 户室号 房间号码",
    ),
    (
        Column::Name,
        "住户姓名 居民姓名 人员姓名 老人姓名 本人姓名 成员姓名 名字 住户 居民 姓名/名称",
    ),
    (
        Column::IdNumber,
        "身份证 身份证号码 身份号码 身份证件号 身份证件号码 公民身份号码 公民身份证号 \
         公民身份证号码 居民身份证号 居民身份证号码 证件号 证件号码 有效证件号码",
    ),
    (Column::BirthDate, "出生年月日 出生年月 出生时间 出生 生日 出生年/月/日"),
    (
        Column::Phone,
        "联系电话 联系方式 联系号码 联系手机 电话号码 手机 手机号 手机号码 移动电话 \
         本人电话 本人联系电话 住户电话 居民电话 联系电话1 电话1 手机1",
    ),
    (
        Column::SecondPhone,
        "备用联系电话 第二电话 其他电话 电话2 联系电话2 联系方式2 手机2 手机号2 \
         手机号码2 固定电话 固话 座机 座机号码 家庭电话 住宅电话 宅电",
    ),
    (
        Column::RelationToHead,
        "户主关系 与户主的关系 与户主之关系 和户主关系 同户主关系 家庭关系 关系 \
         与户主关系/称谓",
    ),
    (
        Column::CareCategories,
        "类别 类型 人员类型 人员分类 人群类别 人群分类 居民类别 关爱类别 老人类别 \
         老年人类别 特殊人群 特殊人群类别 重点人群类别",
    ),
    (Column::Note, "备注信息 备注说明 说明 备注栏"),
    (
        Column::Address,
        "住址 现住址 现住地址 现居住地 现居住地址 居住地 居住地址 居住详细地址 详细地址 \
         详细住址 家庭住址 家庭地址 房屋地址 房屋坐落 门牌地址 住宅地址 常住地址 \
         实际居住地址 实际居住地 居住住址 地址门牌 完整地址",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_is_known_however_it_is_written() {
        for (heading, expected) in [
            ("姓 名", Column::Name),
            ("* 住户姓名", Column::Name),
            ("联系电话\n(手机)", Column::Phone),
            ("联系电话（必填）", Column::Phone),
            ("出生日期(年月日)", Column::BirthDate),
            ("证件号码：", Column::IdNumber),
            ("楼栋/单元/门牌", Column::Address),
            ("楼号-单元-房号", Column::Address),
            ("小区楼栋单元室", Column::Address),
            ("门牌号", Column::Door),
        ] {
            assert_eq!(column(heading), Some(expected), "{heading}");
        }
    }

    #[test]
    fn what_may_be_about_somebody_else_is_no_column() {
        for heading in [
            "电话(监护人)",
            "监护人电话",
            "姓名(子女)",
            "户主姓名",
            "户籍地址",
            "序号",
            "户号",
            "",
        ] {
            assert_eq!(column(heading), None, "{heading}");
        }
        assert!(names_the_head("户主 姓名"));
    }

    #[test]
    fn every_synonym_leads_to_one_column() {
        let mut seen = std::collections::HashSet::new();
        for (column, synonyms) in SYNONYMS {
            for synonym in synonyms.split(' ') {
                assert!(seen.insert(synonym), "{synonym}");
                assert!(Column::all().all(|column| column.heading() != synonym), "{synonym}");
                assert_eq!(super::column(synonym), Some(*column), "{synonym}");
            }
        }
    }
}
