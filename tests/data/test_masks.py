"""Masks and labels in the form of images: never images, never a class; classes called so stay classes."""

import pytest

from tests.data.layout_cases import Case, both, check, only

SKIPPED = ("masks .*are skipped",)
NO_CLASSES = r"not in class folders.*skipped: masks or labels"

CASES: dict[str, Case] = {
    "beside images in each part": Case(
        "{train,val}/{images,masks}/{cat,dog}=3",
        both(3, 3, "cat", "dog"),
        (r"masks beside the images are skipped",),
    ),
    "annotations as images in each part": Case(
        "{train,val}/{images,annotations}/{cat,dog}=3", both(3, 3, "cat", "dog"), ("annotations .*skipped",)
    ),
    "without parts": Case("{img,ground_truth}/{cat,dog}=3", only(3, "cat", "dog"), ("ground_truth .*skipped",)),
    "without classes, one folder deeper": Case("{train,val}/{images,masks}/img=4", refuses=NO_CLASSES),
    "of a retina set": Case("{train,test}/{image,mask}=4", refuses=NO_CLASSES),
    "of two kinds": Case("{train,test}/{images,1st_labels,mask}=4", refuses=NO_CLASSES),
    "called by an organ": Case(
        "{Train,Val}/{COVID-19,Normal}/{images,lung~masks}=3",
        both(3, 3, "COVID-19", "Normal"),
        ("lung masks below the classes are skipped",),
    ),
    "below the images of a class": Case(
        "{cat,dog}/#.jpg=5 {cat,dog}/masks/#.png=5", only(5, "cat", "dog"), ("masks below the classes are skipped",)
    ),
    "of one class": Case(
        "{train,val}/{cat,dog}/#.jpg=4 train/cat/segmentations/#_seg.png=4",
        both(4, 4, "cat", "dog"),
        ("segmentations below the classes",),
    ),
    "of other names below the images": Case("{a,b}/img_#.jpg=4 {a,b}/gt/x_#_y.png=4", only(4, "a", "b"), ("gt ",)),
    "in files, behind the name": Case(
        "benign/benign~(#).png=3 benign/benign~(#)_mask.png=3 benign/benign~(2)_mask_#.png=2 "
        "normal/normal~(#).png=3 normal/normal~(#)_mask.png=3",
        only(3, "benign", "normal"),
        (r"8 images are skipped, named as masks or labels of other images: benign/benign \(0\)_mask\.png",),
    ),
    "in files, with a dash": Case("{a,b}/c-#.jpg=3 {a,b}/c-#-mask.png=3", only(3, "a", "b"), ("6 images",)),
    "in files, as ISIC has them": Case(
        "{nv,mel}/ISIC_00#.jpg=3 {nv,mel}/ISIC_00#_segmentation.png=3", only(3, "nv", "mel"), ("6 images",)
    ),
    "in files, in front of the name": Case(
        "{train,val}/{a,b}/img_#.jpg=3 train/a/mask_#.jpg=3", both(3, 3, "a", "b"), ("3 images are skipped",)
    ),
    "in files, in sub-folders": Case("a/{x,y}/#.jpg=2 b/#.jpg=4 a/x/#_gt.png=1", only(4, "a", "b"), ("1 image is",)),
    "beside the classes, with the same classes": Case(
        "{cat,dog}/#.jpg=4 masks/{cat,dog}/#.png=4", only(4, "cat", "dog"), ("masks beside the images are skipped",)
    ),
    "beside the classes, named after their images": Case(
        "cat/cat_#.jpg=4 dog/dog_#.jpg=4 masks/{cat,dog}_#_mask.png=4", only(4, "cat", "dog"), SKIPPED
    ),
    "beside the classes, of numbers": Case(
        "{cat,dog,masks}=4",
        refuses=r"two ways: .*masks \(--layout classes\); or the classes cat, dog, without masks \(--layout fewer",
        chosen={"classes": only(4, "cat", "dog", "masks"), "fewer": only(4, "cat", "dog")},
    ),
    "beside the classes of parts, of numbers": Case(
        "{train,val}/{cat,dog,labels}=4",
        refuses=r"two ways.*--layout parts.*--layout fewer",
        chosen={"fewer": both(4, 4, "cat", "dog")},
    ),
    "a folder for each class": Case(
        "{cat,dog}/#.jpg=4 {cat,dog}_masks/#.png=4", only(4, "cat", "dog"), ("cat_masks, dog_masks .*skipped",)
    ),
    "of one set": Case(
        "CXR_png/CHN_#_0.png=4 CXR_png/CHN_#_1.png=4 masks/CHN_#_0_mask.png=4 masks/CHN_#_1_mask.png=4",
        refuses="not in class folders",
    ),
    "beside originals": Case(
        "{train,val}/{original,mask}/{cat,dog}=3", both(3, 3, "cat", "dog"), ("mask beside the images are skipped",)
    ),
    "beside originals in each class": Case(
        "{train,val}/{cat,dog}/{RGB,seg}=3", both(3, 3, "cat", "dog"), ("seg below the classes are skipped",)
    ),
    "beside JPEGImages": Case(
        "{JPEGImages,SegmentationClass}/{cat,dog}=3", only(3, "cat", "dog"), ("SegmentationClass .*skipped",)
    ),
    "of the vessels of a retina": Case("{training,test}/{images,mask,1st_manual}=4", refuses=NO_CLASSES),
    "beside the classes, one, of another kind of file": Case(
        "{cat,dog}/#.jpg=4 mask/#.png=4", refuses=r"two ways.*--layout classes.*--layout fewer"
    ),
    # classes
    "a mask, none, one that is worn badly": Case(
        "{Mask,No_Mask,Improper_Mask}=3", only(3, "Mask", "No_Mask", "Improper_Mask")
    ),
    "masks among other things": Case("{train,val}/{helmet,mask,gloves}=3", both(3, 3, "helmet", "mask", "gloves")),
    "marks on goods": Case("{label,barcode,logo}=3", only(3, "label", "barcode", "logo")),
    "originals and forgeries": Case("{original,forged}=3", only(3, "original", "forged")),
    "with and without": Case("{with,without}_mask=4", only(4, "with_mask", "without_mask")),
    "three ways to wear it": Case(
        "{train,val}/{with_mask,without_mask,mask_weared_incorrect}=3",
        both(3, 3, "with_mask", "without_mask", "mask_weared_incorrect"),
    ),
    "wearing one": Case("{WearingMask,NoMask}=4", only(4, "WearingMask", "NoMask")),
    "mask and no mask": Case("Dataset/{mask,no~mask}=4", only(4, "mask", "no mask")),
    "masked and unmasked": Case("{masked,unmasked}=3", only(3, "masked", "unmasked")),
    "labels that are numbers": Case("{label_0,label_1}=3", only(3, "label_0", "label_1")),
    "files named after the class": Case(
        "with_mask/#-with-mask.jpg=3 with_mask/augmented_image_#.jpg=3 without_mask/#.jpg=3",
        {"": {"with_mask": 6, "without_mask": 3}},
    ),
    "a class of masks": Case(
        "gloves/glove_#.jpg=3 goggles/goggle_#.jpg=3 mask/mask_x#.jpg=3", only(3, "gloves", "goggles", "mask")
    ),
    "a face with a mask": Case("{face,face_mask}=3", only(3, "face", "face_mask")),
    "masks without their images": Case("{a,b}/#_mask.png=3", only(3, "a", "b")),
}


@pytest.mark.parametrize("name", CASES)
def test_masks_are_no_images(name, tmp_path):
    check(CASES[name], tmp_path / "data")
