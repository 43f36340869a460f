"""Folders beside the classes that may be none are asked about, what surely is none is left out and said."""

import pytest

from tests.data.layout_cases import Case, all_three, both, check, only

ASKED = r"two ways.*--layout classes\).*, without .* \(--layout fewer"

CASES: dict[str, Case] = {
    # the same classes once more
    "a copy of the whole set": Case(
        "{yes,no}=4 brain_tumor_dataset/{yes,no}=4",
        refuses=ASKED,
        chosen={
            "fewer": only(4, "yes", "no"),
            "classes": {"": {"yes": 4, "no": 4, "brain_tumor_dataset": 8}},
        },
    ),
    "a copy of the same name": Case(
        "cell_images/{Parasitized,Uninfected}=3 cell_images/cell_images/{Parasitized,Uninfected}=3",
        refuses=ASKED,
        chosen={"fewer": only(3, "Parasitized", "Uninfected")},
    ),
    "a copy two folders down": Case(
        "{a,b,c}=2 old/2019/{A,b}=2", refuses=ASKED, chosen={"fewer": only(2, "a", "b", "c")}
    ),
    "validation beside the classes": Case(
        "{cat,dog}=4 val/{cat,dog}=2",
        refuses=r"three ways.*--layout parts.*--layout fewer",
        chosen={"parts": both(4, 2, "cat", "dog"), "fewer": only(4, "cat", "dog")},
    ),
    "a test set beside the classes": Case(
        "{cat,dog}=4 Testing/{cat,dog}=2",
        refuses=r"three ways.*--layout parts",
        chosen={"parts": both(4, 2, "cat", "dog")},
    ),
    "altered copies": Case("{cat,dog}=4 augmented/{cat,dog}=4", refuses=ASKED, chosen={"fewer": only(4, "cat", "dog")}),
    "altered copies without classes": Case("{cat,dog}=4 augmented=4", refuses=ASKED),
    "inside a part": Case(
        "{train,val}/{cat,dog}=4 train/images/{cat,dog}=4",
        refuses=r"two ways.*--layout parts\).*--layout fewer",
        chosen={"fewer": both(4, 4, "cat", "dog")},
    ),
    # no labels
    "a flat test set": Case("{cat,dog}=4 test=3", refuses=ASKED, chosen={"fewer": only(4, "cat", "dog")}),
    "predictions": Case("{cat,dog}=4 single_prediction=3", refuses=ASKED, chosen={"fewer": only(4, "cat", "dog")}),
    "unlabelled images": Case(
        "{cat,dog}=4 unlabeled=3", only(4, "cat", "dog"), (r"unlabeled/ is left out: .*no labels",)
    ),
    "unlabelled images, spelt otherwise": Case(
        "{cat,dog}=4 Unlabelled_images=3", only(4, "cat", "dog"), (r"Unlabelled_images/ is left out",)
    ),
    "unlabelled images in a part": Case(
        "{train,val}/{cat,dog}=4 train/unsup=3", both(4, 4, "cat", "dog"), (r"train/unsup/ is left out",)
    ),
    "labelled and unlabelled images": Case(
        "labeled/{cat,dog}=4 unlabeled=3", only(4, "cat", "dog"), (r"unlabeled/ is left out",)
    ),
    "without labels, in other words": Case(
        "{cat,dog}=4 not_labeled=3 without_labels=2", only(4, "cat", "dog"), (r"not_labeled/ is left out",)
    ),
    "nothing else is labelled": Case("{labeled,unlabeled}=3", refuses="only one class, labeled"),
    # classes
    "parts as classes": Case("{bus,train,val}=2", only(2, "bus", "train", "val")),
    "test and control": Case("{control,test}=2", only(2, "control", "test")),
    "what nobody knows": Case("{yes,no,unknown}=2", only(2, "yes", "no", "unknown")),
    "a predator": Case("{prey,predator,plant}=2", only(2, "prey", "predator", "plant")),
    "three parts": Case("{train,val,test}/{cat,dog}=2", all_three(2, 2, 2, "cat", "dog")),
    "sub-folders of other names": Case(
        "cat=2 dog=2 wild/{lynx,wolf}=2",
        {"": {"cat": 2, "dog": 2, "wild": 4}},
        ("--layout inner",),
    ),
    "one folder of the same name": Case(
        "{cat,dog,misc}=2 misc/cat=1",
        {"": {"cat": 2, "dog": 2, "misc": 3}},
        (r"Images in sub-folders \(cat\) belong to the class above them",),
    ),
    # classes below others, in parts
    "the same classes below sites": Case(
        "{train,val}/{siteA,siteB}/{cat,dog}=2",
        refuses=r"two ways.*--layout parts-inner.*--layout parts\)",
        chosen={"parts-inner": both(4, 4, "cat", "dog"), "parts": both(4, 4, "siteA", "siteB")},
    ),
    "the same classes below sites, and a test part": Case(
        "{train,test}/{0,1,2}/{cat,dog}=2",
        refuses=r"two ways",
        chosen={"parts-inner": both(6, 6, "cat", "dog")},
    ),
    "the same classes below sites, one of them validates": Case(
        "train/{s1,s2}/{pos,neg}=3 val/s3/{pos,neg}=3",
        refuses=r"two ways",
        chosen={"parts-inner": both(6, 3, "pos", "neg") | {"train": {"pos": 6, "neg": 6}}},
    ),
    "other classes below others": Case(
        "{train,val}/plant/{rose,tulip}=2 {train,val}/animal/{cat,dog}=2",
        both(4, 4, "animal", "plant"),
        (r"Images in sub-folders \(cat, dog, rose, tulip\) belong to the class above them; --layout parts-inner",),
        chosen={"parts-inner": both(2, 2, "cat", "dog", "rose", "tulip")},
    ),
    "studies of patients below body parts": Case(
        "train/XR_ELBOW/patient{1,2}/study1_positive=1 train/XR_HAND/patient{3,4}/study1_positive=1 "
        "train/XR_HAND/patient5/study1_negative=1 valid/XR_ELBOW/patient6/study1_positive=1 valid/XR_HAND/patient7=1",
        {"train": {"XR_ELBOW": 2, "XR_HAND": 3}, "val": {"XR_ELBOW": 1, "XR_HAND": 1}},
        (r"sub-folders .*--layout parts-inner",),
    ),
    "patients below the classes": Case(
        "{train,val}/{cat,dog}/patient{1,2}=2", both(4, 4, "cat", "dog"), (r"belong to the class above",)
    ),
    "numbers of patients below the classes": Case(
        "benign/1025{0,1}=2 malignant/1030{0,1}=2",
        only(4, "benign", "malignant"),
        (r"If each sub-folder is one patient, data\.group_pattern=\^\(\[\^/\]\+\)/ keeps it in one split",),
    ),
    "images folders below the classes of parts": Case("{train,val}/{a,b}/images=2", both(2, 2, "a", "b")),
}


@pytest.mark.parametrize("name", CASES)
def test_what_may_be_no_class_is_asked_about(name, tmp_path):
    check(CASES[name], tmp_path / "data")
