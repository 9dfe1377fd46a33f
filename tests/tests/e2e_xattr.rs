//! Extended attributes of the view, through a real mount and the programs people use.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{ffi::OsStr, fs, path::Path, process::Command};

use rustix::{
    fs::{getxattr, getxattr_query, listxattr, listxattr_query},
    io::Errno,
};
use tests::{
    instance::Instance,
    samples::{copy, files_below, golden, jpeg},
};

/// What a program prints, and whether it succeeds.
fn run(program: &str, arguments: &[&OsStr]) -> (String, bool) {
    let output = Command::new(program).args(arguments).env("LANG", "C.UTF-8").output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&text).into_owned(), output.status.success())
}

fn attribute(path: &Path, name: &str) -> Result<Vec<u8>, Errno> {
    let mut value = vec![0; 1 << 16];
    let len = getxattr(path, name, &mut value)?;
    value.truncate(len);
    Ok(value)
}

#[test]
fn any_tag_is_an_attribute_and_common_ones_are_listed() {
    let instance = Instance::watching(|root| copy(&golden(&["jpeg", "flac", "pdf", "png", "mp3", "tiff"]), root));
    let mut listed = 0;
    for file in files_below(&instance.root()) {
        let view = instance.view(&file);
        // Every tag file is an attribute of that name, and has its bytes but for the last newline.
        for tag in files_below(&view) {
            let Ok(relative) = tag.strip_prefix(&view) else { panic!("{tag:?}") };
            if relative.components().count() != 2 {
                continue;
            }
            let name = format!("user.{}", relative.to_str().unwrap().replace('/', "."));
            let content = fs::read(&tag).unwrap();
            match attribute(&view, &name) {
                Ok(value) => assert_eq!(Some(&*value), content.strip_suffix(b"\n"), "{name} of {}", file.display()),
                // The kernel takes no longer names (255 bytes) and no larger values (64 KiB).
                Err(Errno::RANGE) => assert!(name.len() > 255, "{name}"),
                Err(error) => assert!(error == Errno::TOOBIG && content.len() > 1 << 16, "{name}: {error}"),
            }
        }
        let mut list = vec![0; 1 << 16];
        let len = listxattr(&view, &mut list).unwrap();
        for name in list[..len].split(|&b| b == 0).filter(|name| !name.is_empty()) {
            let name = std::str::from_utf8(name).unwrap();
            assert!(name.starts_with("user.Common."), "{name}");
            assert!(!attribute(&view, name).unwrap().is_empty(), "{name}");
            listed += 1;
        }
    }
    assert!(listed > 50, "{listed}");
}

#[test]
fn attributes_as_the_kernel_and_getfattr_ask_for_them() {
    let instance = Instance::watching(|root| fs::write(root.join("a.jpg"), jpeg("first")).unwrap());
    let file = instance.path("a.jpg");
    let view = instance.view(&file);
    let get = |name: &str| {
        run(
            "getfattr",
            &["--absolute-names", "--only-values", "-n", name]
                .map(OsStr::new)
                .into_iter()
                .chain([view.as_os_str()])
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(get("user.File.Comment"), ("first".into(), true));
    let (all, fine) = run("getfattr", &[OsStr::new("-d"), OsStr::new("--absolute-names"), view.as_os_str()]);
    assert!(fine && all.contains("user.Common.Width=\"8\""), "{all}");
    assert!(all.lines().skip(1).filter(|line| !line.is_empty()).all(|line| line.starts_with("user.Common.")), "{all}");
    for name in ["user.File.comment", "user.", "user.Nope.Tag", "user.Common.Nope", "user.File%2FComment"] {
        assert_eq!(attribute(&view, name), Err(Errno::NODATA), "{name}");
    }
    // Not ours: refused before any file is looked up, as programs that ask about each file expect.
    for name in ["security.selinux", "security.capability", "system.posix_acl_access", "trusted.x"] {
        let answer = attribute(&view, name);
        assert!(matches!(answer, Err(Errno::NODATA | Errno::OPNOTSUPP)), "{name}: {answer:?}");
    }
    // The size first, a buffer that is too small, one that just fits.
    assert_eq!(getxattr_query(&view, "user.File.Comment"), Ok(5));
    assert_eq!(getxattr(&view, "user.File.Comment", &mut [0; 4]), Err(Errno::RANGE));
    assert_eq!(getxattr(&view, "user.File.Comment", &mut [0; 5]), Ok(5));
    let all = listxattr_query(&view).unwrap();
    assert_eq!(listxattr(&view, &mut vec![0; all - 1]), Err(Errno::RANGE));
    assert_eq!(listxattr(&view, &mut vec![0; all]), Ok(all));
    // Directories and tag files have none.
    assert_eq!(listxattr_query(instance.view(&instance.root())), Ok(0));
    assert_eq!(listxattr_query(view.join("File/Comment")), Ok(0));
    // A change shows, and nothing can be written.
    instance.put("a.jpg", jpeg("second"));
    instance.until_comment(&file, "second");
    assert_eq!(get("user.File.Comment"), ("second".into(), true));
    let (said, fine) = run(
        "setfattr",
        &["-n", "user.x", "-v", "y"].map(OsStr::new).into_iter().chain([view.as_os_str()]).collect::<Vec<_>>(),
    );
    assert!(!fine && said.contains("Read-only file system"), "{said}");
}
