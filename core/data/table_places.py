"""What rows of tables name in a dataset's folder: an image, or a folder of images."""

from dataclasses import dataclass, replace

from core.data.file_names import display_name
from core.data.table_finder import Finder
from core.data.table_folders import FolderFinder, folder_column
from core.data.table_guess import Mapping
from core.data.table_images import put_back, with_header
from core.data.tables import Table

_SAMPLED = 300  # rows that are tried for the guess


@dataclass(frozen=True)
class Places:
    """Finds what rows name.

    Attributes:
        finder: Of images.
        folders: Of folders of images.
        bases: Folder that each table is about, by the table's path.
    """

    finder: Finder
    folders: FolderFinder
    bases: dict[str, str]

    def ready(self, path: str, table: Table) -> Table:
        """A table with a header, though the file may have none."""
        if self.folders.starts(table):
            return put_back(table, f"{display_name(path)} has no header: its first row names a folder")
        return with_header(table, self.finder, self.bases[path], display_name(path))

    def by_image(self, path: str, table: Table, mapping: Mapping) -> tuple[Table, Mapping]:
        """A table whose rows are about folders, with a row for each image; the images of a folder are a group.

        Args:
            path: Of the table.
            table: Its rows name images or folders.
            mapping: What its columns are.
        """
        cells = [row[table.columns.index(mapping.image)] for row in table.rows[:_SAMPLED]]
        if any(self.finder.find_all(cells, self.bases[path])) or not any(map(self.folders.find, cells)):
            return table, mapping
        return self.folders.expanded(table, mapping.image), replace(
            mapping, group=mapping.group or folder_column(mapping.image)
        )
