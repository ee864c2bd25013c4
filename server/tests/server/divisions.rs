//! Division codes from a table of the statistics office: what streets and communities are called follows from it,
//! the same table again changes nothing, and a row of no use takes none of the others along.

use std::path::Path;

use menpai_server::divisions::{Imported, community_name, import, street_name};

use crate::desk_world::World;
use crate::phones::CODE;

const TABLE: &str = "\
统计用区划代码,城乡分类代码,名称
410000000000,,河南省
410102000000,,中原区
410102002000,,建设路街道办事处
410102002005,111,协作路社区居委会
410102002205,220,东耿村村委会
410102002498,111,高新产业园
410102000005,111,没有街道的社区
41010200200五,111,不是代码
410102002007,111,
410102002005,111,另一个社区居委会
";

fn imported(world: &World, file: &Path) -> Imported {
    import(world.home.node_store(), file).unwrap()
}

#[test]
fn a_table_names_streets_and_communities_and_the_same_again_changes_nothing() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("区划.csv");
    // As offices save it.
    let (bytes, _, _) = encoding_rs::GB18030.encode(TABLE);
    std::fs::write(&file, bytes).unwrap();
    let node = world.home.node_store();
    let called = |code: &str| community_name(node, code.parse().unwrap()).unwrap();
    let street = || street_name(node, &CODE[..9].parse().unwrap()).unwrap();
    assert_eq!(
        (called("410102002205"), street()),
        ("410102002205".to_owned(), "建设路街道".to_owned())
    );

    let first = imported(&world, &file);
    assert_eq!((first.new, first.renamed, first.same), (6, 0, 0));
    let rows: Vec<u32> = first.rejected.iter().map(|row| row.row).collect();
    assert_eq!(rows, [8, 9, 10, 11]);
    assert!(
        first.rejected[3].zh.contains("第 5 行是“协作路社区居委会”"),
        "{:?}",
        first.rejected
    );
    assert_eq!(called("410102002205"), "东耿村");
    assert_eq!(called("410102002005"), "协作路社区");
    assert_eq!(called("410102002498"), "高新产业园");
    assert_eq!(street(), "建设路街道");
    assert_eq!(called("410102002009"), "阳光新城社区", "what is in no table stays");

    let again = imported(&world, &file);
    assert_eq!((again.new, again.renamed, again.same), (0, 0, 6));
    std::fs::write(&file, "code,name\n410102002205,东耿新村社区居委会\n").unwrap();
    let renamed = imported(&world, &file);
    assert_eq!(
        (renamed.new, renamed.renamed, renamed.same, renamed.rejected),
        (0, 1, 0, Vec::new())
    );
    assert_eq!(called("410102002205"), "东耿新村社区");
    assert_eq!(
        called("410102002005"),
        "协作路社区",
        "nor does a shorter table take one away"
    );
}

#[test]
fn what_is_no_such_table_changes_nothing() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("a.csv", "姓名,楼栋\n张三,2号楼\n"),
        ("b.xls", "code,name\n41,河南省\n"),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        assert!(import(world.home.node_store(), &file).is_err(), "{name}");
    }
    let kept = world
        .home
        .node_store()
        .read(|connection| connection.query_row("SELECT count(*) FROM division", [], |row| row.get::<_, i64>(0)));
    assert_eq!(kept.unwrap(), 0);
}
