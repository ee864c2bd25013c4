//! What workers write and what people are called, put together from parts so that no text
//! repeats more than texts of a real day do. Every name is invented.

use menpai_server::simulate::Dice;

const SURNAMES: [&str; 24] = [
    "赵", "钱", "孙", "李", "周", "吴", "郑", "王", "冯", "陈", "褚", "卫", "蒋", "沈", "韩", "杨", "朱", "秦", "尤",
    "许", "何", "吕", "施", "张",
];
const GIVEN: [&str; 40] = [
    "桂", "兰", "玉", "珍", "秀", "英", "淑", "芬", "建", "国", "志", "强", "明", "华", "海", "涛", "文", "博", "雨",
    "欣", "子", "轩", "梓", "涵", "立", "军", "红", "梅", "春", "生", "福", "贵", "金", "凤", "晓", "燕", "思", "远",
    "德", "才",
];
const WHO: [&str; 12] = [
    "老伴",
    "大儿子",
    "小女儿",
    "孙女",
    "儿媳",
    "隔壁邻居",
    "物业师傅",
    "房东",
    "保姆",
    "外甥",
    "楼长",
    "租客",
];
const SAW: [&str; 16] = [
    "说最近一切都好",
    "反映楼道灯坏了两天",
    "说水压小，晚上洗澡断断续续",
    "问养老补贴什么时候发",
    "说楼上夜里吵",
    "反映电动车又停在门厅",
    "刚从医院回来，恢复得不错",
    "想办居住证，不知道带什么材料",
    "家里在装修，墙还没刷完",
    "说燃气表走得不对",
    "孩子转学的手续还没办好",
    "电梯困过一次人，心里害怕",
    "腿脚不便，不常下楼",
    "打算下个月搬去女儿家",
    "反映下水道返味",
    "问疫苗哪天可以打",
];
const DID: [&str; 14] = [
    "已记下，明天联系物业。",
    "留了联系电话。",
    "叮嘱关好燃气阀门。",
    "帮着把快递搬上楼。",
    "发了反诈宣传单。",
    "已告知到社区二楼窗口办理。",
    "约好周四下午再来。",
    "提醒血压药按时吃。",
    "帮忙在手机上交了电费。",
    "已拍照报网格长。",
    "劝其把纸箱清走，答应三天内办。",
    "登记了新号码。",
    "让家属晚上回个电话。",
    "替他量了血压，正常。",
];
const BODY: [&str; 10] = [
    "膝盖疼，上下楼慢",
    "血压一百五，比上周高",
    "夜里睡不好",
    "听力又差了些，要大声说",
    "咳嗽一周，劝去看",
    "血糖没按时测",
    "手抖，端碗不稳",
    "心情低落，不爱说话",
    "伤口换过药，没有发炎",
    "药只剩三天的量",
];
const DANGER: [&str; 12] = [
    "楼梯间堆着三辆旧自行车和纸箱",
    "配电箱门关不上，线头露在外面",
    "消火栓前停了电动车",
    "从窗户拉线给电动车充电",
    "灭火器压力不足",
    "阳台花盆没有护栏",
    "电梯里有异响",
    "三楼管道井漏水",
    "厨房软管老化",
    "安全出口的灯不亮",
    "院墙裂缝有两指宽",
    "井盖松动，踩上去响",
];
const GOODS: [&str; 10] = [
    "大米",
    "食用油",
    "牛奶",
    "口罩",
    "降压药",
    "棉被",
    "鸡蛋",
    "面条",
    "苹果",
    "挂历",
];
const UNITS: [&str; 5] = ["袋", "桶", "箱", "盒", "件"];

fn one<'a>(dice: &mut Dice, of: &[&'a str]) -> &'a str {
    dice.pick(of).copied().unwrap_or_default()
}

/// A person's name.
pub(super) fn name(dice: &mut Dice) -> String {
    let second = if dice.percent(80) { one(dice, &GIVEN) } else { "" };
    format!("{}{}{second}", one(dice, &SURNAMES), one(dice, &GIVEN))
}

/// A mobile number; 199 0 is given to nobody.
pub(super) fn mobile(dice: &mut Dice) -> String {
    format!("1990{:07}", dice.between(0, 9_999_999))
}

/// A note after a door.
pub(super) fn door_note(dice: &mut Dice) -> String {
    format!("{}{}，{}", one(dice, &WHO), one(dice, &SAW), one(dice, &DID))
}

/// A note after a visit.
pub(super) fn visit_note(dice: &mut Dice) -> String {
    format!(
        "{}，{}{}。{}",
        one(dice, &BODY),
        one(dice, &WHO),
        one(dice, &SAW),
        one(dice, &DID)
    )
}

/// What to watch.
pub(super) fn watch(dice: &mut Dice) -> String {
    one(dice, &BODY).to_owned()
}

/// What is dangerous, and where.
pub(super) fn danger(dice: &mut Dice) -> String {
    format!("{}层{}，{}", dice.between(1, 18), one(dice, &DANGER), one(dice, &DID))
}

/// Something brought, and what it is counted in.
pub(super) fn goods(dice: &mut Dice) -> (&'static str, &'static str) {
    (one(dice, &GOODS), one(dice, &UNITS))
}
