//! The columns of a roster by their standard headings, and what each is to a reader: required,
//! or a place that stands merged over the rows it is true of.

use serde::{Serialize, Serializer};

/// A column of a roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// 网格
    Grid,
    /// 小区/院
    Compound,
    /// 楼栋
    Building,
    /// 单元
    Unit,
    /// 门牌
    Door,
    /// 姓名
    Name,
    /// 性别
    Sex,
    /// 身份证号
    IdNumber,
    /// 出生日期
    BirthDate,
    /// 电话
    Phone,
    /// 与户主关系
    RelationToHead,
    /// 人员类别
    CareCategories,
    /// 备注
    Note,
    /// 备用电话
    SecondPhone,
    /// 地址: compound, building, unit and door in one text.
    Address,
}

impl Column {
    /// The columns of a workbook of ours, in its order.
    pub const STANDARD: [Self; 13] = [
        Self::Grid,
        Self::Compound,
        Self::Building,
        Self::Unit,
        Self::Door,
        Self::Name,
        Self::Sex,
        Self::IdNumber,
        Self::BirthDate,
        Self::Phone,
        Self::RelationToHead,
        Self::CareCategories,
        Self::Note,
    ];

    /// The columns that say where: a merged cell in one of them is true of every row it covers.
    pub(crate) const PLACES: [Self; 6] = [
        Self::Grid,
        Self::Compound,
        Self::Building,
        Self::Unit,
        Self::Door,
        Self::Address,
    ];

    /// The columns without which a sheet is no roster; 地址 stands for the first two.
    pub(crate) const REQUIRED: [Self; 3] = [Self::Building, Self::Door, Self::Name];

    /// Every column that is understood.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Self::STANDARD.into_iter().chain([Self::SecondPhone, Self::Address])
    }

    /// The standard heading.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Grid => "网格",
            Self::Compound => "小区/院",
            Self::Building => "楼栋",
            Self::Unit => "单元",
            Self::Door => "门牌",
            Self::Name => "姓名",
            Self::Sex => "性别",
            Self::IdNumber => "身份证号",
            Self::BirthDate => "出生日期",
            Self::Phone => "电话",
            Self::RelationToHead => "与户主关系",
            Self::CareCategories => "人员类别",
            Self::Note => "备注",
            Self::SecondPhone => "备用电话",
            Self::Address => "地址",
        }
    }
}

impl Serialize for Column {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.heading())
    }
}
