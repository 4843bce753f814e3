//! What of a texture becomes which bytes of a frame.

use crate::application::{Application, data, texels, texture};
use crate::frames::{batch, endless, source, trainer};
use dann::embed::{Picture, Trainer, TrainerOptions};
use dann::train::Method;
use dann::wgpu::{self, TextureFormat};

/// The first row of a batch made of this picture alone.
fn seen(app: &Application, picture: &Picture) -> Vec<u8> {
    let mut config = endless();
    config.training.method = Method::SourceOnly;
    let options = TrainerOptions::source(config, source(4));
    let mut trainer = Trainer::new(&app.device, &app.queue, options).unwrap();
    let mut encoder = app.encoder();
    // Frames of the target are left out by this method.
    trainer.push_target(&mut encoder, picture.clone()).unwrap();
    trainer.push_sources(&mut encoder, &vec![(picture.clone(), 3); 4]).unwrap();
    app.submit(encoder);
    assert_eq!(app.frame(&mut trainer, 1).len(), 1);
    batch(app, &trainer).swap_remove(0)
}

#[test]
fn pictures_of_many_formats_become_the_same_bytes() {
    let app = Application::new();
    let images = data(3);
    let rgba = |[r, g, b]: [u8; 3]| vec![r, g, b, 255];
    let bgra = |[r, g, b]: [u8; 3]| vec![b, g, r, 255];
    let floats = |rgb: [u8; 3]| -> Vec<u8> {
        let parts = rgb.map(|v| f32::from(v) / 255.0);
        parts.iter().chain(&[1.0]).flat_map(|v| v.to_le_bytes()).collect()
    };
    type Texel<'a> = &'a dyn Fn([u8; 3]) -> Vec<u8>;
    let formats: [(TextureFormat, Texel<'_>); 5] = [
        (TextureFormat::Rgba8Unorm, &rgba),
        (TextureFormat::Bgra8Unorm, &bgra),
        (TextureFormat::Rgba8UnormSrgb, &rgba),
        (TextureFormat::Bgra8UnormSrgb, &bgra),
        (TextureFormat::Rgba32Float, &floats),
    ];
    for (index, (format, texel)) in formats.into_iter().enumerate() {
        for times in [1, 3] {
            let size = [10 * times as u32, 12 * times as u32];
            let view = texture(&app, format, size, &texels(&images, index, times, texel));
            let bytes = seen(&app, &Picture::new(&view));
            let off = bytes.iter().zip(images.image(index)).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            // Decoding from sRGB and encoding again may be off by a little; nothing else is.
            assert!(off <= u8::from(format.is_srgb()), "{format:?}, {times} texels a pixel: off by {off}");
        }
    }
}

#[test]
fn crops_layers_and_grounds_are_what_is_seen() {
    let app = Application::new();
    let images = data(3);
    // Two images side by side.
    let [left, right] = [0, 1].map(|index| texels(&images, index, 1, |[r, g, b]| vec![r, g, b, 255]));
    let rows = left.chunks(40).zip(right.chunks(40));
    let atlas: Vec<u8> = rows.flat_map(|(left, right)| [left, right].concat()).collect();
    let atlas = Picture::new(&texture(&app, TextureFormat::Rgba8Unorm, [20, 12], &atlas));
    assert_eq!(seen(&app, &atlas.clone().crop(10.0, 0.0, 10.0, 12.0)), images.image(1));
    assert_ne!(seen(&app, &atlas), images.image(1));

    let layers = app.device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d { width: 10, height: 12, depth_or_array_layers: 2 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: TextureFormat::Rgba8Unorm,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    });
    let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(40), rows_per_image: Some(12) };
    app.queue.write_texture(layers.as_image_copy(), &[left, right].concat(), layout, layers.size());
    for layer in 0..2 {
        assert_eq!(seen(&app, &Picture::layer(&layers, layer)), images.image(layer as usize));
    }
    // Refused where it is used, and by no handler of the device before.
    let mut trainer = trainer(&app, 4);
    let refused =
        trainer.push_target(&mut app.encoder(), Picture::layer(&layers, 2)).unwrap_err().to_string();
    assert_eq!(
        refused,
        "a picture: expected one of the 2 two-dimensional layers of its texture, found layer 2"
    );

    // Transparent, laid on orange; half of it, laid on black.
    let clear = texture(&app, TextureFormat::Rgba8Unorm, [1, 1], &[200, 100, 50, 0]);
    let orange = [[255; 120], [128; 120], [0; 120]].concat();
    assert_eq!(seen(&app, &Picture::new(&clear).ground([1.0, 128.0 / 255.0, 0.0])), orange);
    assert_eq!(seen(&app, &Picture::new(&clear))[..3], [200; 3], "without its alpha, where nothing is said");
    let half = texture(&app, TextureFormat::Rgba8Unorm, [1, 1], &[200, 100, 50, 51]);
    assert_eq!(seen(&app, &Picture::new(&half).ground([0.0; 3]))[..3], [40; 3]);

    // A square in twelve rows of ten: padded above and below, or cut on both sides.
    let square: Vec<u8> = (0..100).flat_map(|i| [if i % 10 == 0 { 255 } else { 9 }, 0, 0, 255]).collect();
    let square = Picture::new(&texture(&app, TextureFormat::Rgba8Unorm, [10, 10], &square));
    let padded = seen(&app, &square.clone().fit(dann::shape::Fit::Pad));
    assert_eq!((&padded[..12], padded[20]), (&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 9][..], 255));
    assert_eq!(padded[110..120], [0; 10]);
    let cut = seen(&app, &square.fit(dann::shape::Fit::Scale));
    assert!(cut[0] > 9 && cut[0] < 255 && cut[1] == 9, "{:?}", &cut[..10]);
}
