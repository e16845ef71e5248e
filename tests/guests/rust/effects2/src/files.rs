//! What is mounted, and that nothing of it can be changed.

use kit::bindings::filesystem::preopens;
use kit::bindings::filesystem::types::{Descriptor, DescriptorFlags, DescriptorType, OpenFlags, PathFlags};

const FOLLOW: PathFlags = PathFlags::SYMLINK_FOLLOW;

pub fn tell(path: &str) -> String {
    let roots = preopens::get_directories();
    let mut lines: Vec<String> = roots.iter().map(|(_, name)| format!("root {name}")).collect();
    if let Some((root, _)) = roots.first() {
        lines.extend(if path.is_empty() { list(root) } else { look(root, path) });
        lines.push(format!("change {}", changes(root)));
    }
    lines.join("\n")
}

fn list(directory: &Descriptor) -> Vec<String> {
    let Ok(entries) = directory.read_directory() else {
        return vec!["can't be listed".into()];
    };
    let mut lines = Vec::new();
    while let Ok(Some(entry)) = entries.read_directory_entry() {
        lines.push(format!("{:?} {}", entry.type_, entry.name));
    }
    lines
}

fn look(root: &Descriptor, path: &str) -> Vec<String> {
    let found = match root.open_at(FOLLOW, path, OpenFlags::empty(), DescriptorFlags::READ) {
        Ok(found) => found,
        Err(code) => return vec![format!("{code:?}")],
    };
    if found.get_type() == Ok(DescriptorType::Directory) {
        return list(&found);
    }
    let size = found.stat().map(|stat| stat.size).unwrap_or_default();
    let streamed = found.read_via_stream(0).map(|stream| kit::read_all(&stream).unwrap_or_default());
    let (part, end) = found.read(4, 2).unwrap_or_default();
    vec![
        format!("size {size}"),
        format!("streamed {}", String::from_utf8_lossy(&streamed.unwrap_or_default())),
        format!("part {} {end}", String::from_utf8_lossy(&part)),
        format!("same {}", found.is_same_object(&found)),
    ]
}

fn changes(root: &Descriptor) -> String {
    let create = root.open_at(FOLLOW, "new", OpenFlags::CREATE, DescriptorFlags::WRITE).err();
    let directory = root.create_directory_at("new").err();
    let unlink = root.unlink_file_at("new").err();
    let rename = root.rename_at("a", root, "b").err();
    format!("{create:?} {directory:?} {unlink:?} {rename:?}")
}
