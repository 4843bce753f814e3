//! Images of other sizes than the wanted one, in every layout.

use crate::support::{write_colour, write_grey, write_mnist};
use dann::data::{Fit, Frame, Labels, Part, PictureSize, load, load_image_files, read_picture};
use std::fs;
use std::path::Path;
use tempfile::tempdir;

/// 4×4 grey pixels, and the 2×2 that each way makes of them. Both scaled ones weight 3, 3, 1 over 7 on each side.
const LARGE: [u8; 16] = [0, 0, 0, 0, 0, 98, 98, 0, 0, 98, 98, 0, 0, 0, 0, 0];
const SCALED: u8 = 32;
const MIDDLE: u8 = 98;

fn made_of(fit: Fit) -> [u8; 4] {
    match fit {
        Fit::Crop | Fit::Centre => [MIDDLE; 4],
        _ => [SCALED; 4],
    }
}

const ALL: [Fit; 5] = [Fit::Resize, Fit::Crop, Fit::Pad, Fit::Scale, Fit::Centre];

fn loaded(path: &Path, fit: Fit) -> Vec<u8> {
    let frame = Frame::new(2, 2).fit(fit);
    load(path, Part::Train, frame, Labels::Ignored).unwrap().images().to_vec()
}

#[test]
fn every_layout_brings_images_to_their_size_as_it_is_told() {
    let root = tempdir().unwrap();
    write_mnist(&root.path().join("idx"), "train", [1, 4, 4], &LARGE, &[0]);
    write_grey(&root.path().join("folders/a/1.png"), 4, &LARGE);
    write_grey(&root.path().join("released/mnist_m/mnist_m_train/1.png"), 4, &LARGE);
    for layout in ["idx", "folders", "released"] {
        for fit in ALL {
            assert_eq!(loaded(&root.path().join(layout), fit), made_of(fit), "{layout}, {fit:?}");
        }
    }
    let file = root.path().join("folders/a/1.png");
    for fit in ALL {
        let frame = Frame::new(2, 2).fit(fit);
        let data = load_image_files(std::slice::from_ref(&file), frame).unwrap();
        assert_eq!(data.images(), made_of(fit), "{fit:?}");
        let single = read_picture(&file, PictureSize { channels: 1, frame }).unwrap();
        assert_eq!(single, made_of(fit), "{fit:?}");
    }
}

#[test]
fn colours_are_scaled_one_by_one() {
    let root = tempdir().unwrap();
    let colour = |x: u32, y: u32| {
        let grey = LARGE[(4 * y + x) as usize];
        [grey, 200, 255 - grey]
    };
    write_colour(&root.path().join("a.png"), 4, 4, colour);
    let planes = [[SCALED; 4], [200; 4], [255 - SCALED; 4]].concat();
    assert_eq!(loaded(root.path(), Fit::Resize), planes);
}

#[test]
fn one_data_set_may_have_images_of_many_sizes() {
    let root = tempdir().unwrap();
    for (name, width, height) in [("a", 2, 2), ("b", 300, 200), ("c", 1, 7)] {
        let pixels = vec![50; width * height];
        write_grey(&root.path().join(name).with_extension("png"), width as u32, &pixels);
    }
    for fit in [Fit::Resize, Fit::Crop, Fit::Scale] {
        assert_eq!(loaded(root.path(), fit), [50; 12], "{fit:?}");
    }
    fs::remove_file(root.path().join("c.png")).unwrap();
    assert_eq!(loaded(root.path(), Fit::Pad), [50, 50, 50, 50, 50, 50, 0, 0]);
}
