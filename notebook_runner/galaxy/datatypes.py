"""Which Galaxy datatype a file is, by its name."""

from __future__ import annotations

from pathlib import PurePosixPath

#: Datatype of what no other name fits.
UNKNOWN = "data"

#: Names that are Galaxy's own datatype extensions already.
_SAME = """
    arrow bam bcf bed bedgraph bigbed bigwig bmp cif cram csv docx fasta fastq fits flac geojson
    gif graph_dot gff gff3 gtf gz h5 h5ad h5mu html ipynb json jp2 loom mkv mol mol2 mov mp3 mp4
    mtx netcdf newick npy npz ogg onnx parquet pdb pdf png pptx psd rds rdata rmd safetensors sam
    sdf smi sqlite stl svg tabular tar tf2 toml txt vcf wav webm wig xlsx xml yaml zip
"""

#: Usual endings for which Galaxy has another name.
_OTHER = {
    "cfg": "txt",
    "ckpt": "ckpt",
    "db": "sqlite",
    "dcm": "dcm",
    "dicom": "dcm",
    "dot": "graph_dot",
    "fa": "fasta",
    "faa": "fasta",
    "feather": "arrow",
    "ffn": "fasta",
    "fit": "fits",
    "fna": "fasta",
    "fq": "fastq",
    "hdf5": "h5",
    "hdf": "h5",
    "htm": "html",
    "ini": "txt",
    "jpeg": "jpg",
    "jpg": "jpg",
    "jsonl": "txt",
    "keras": "zip",
    "log": "txt",
    "markdown": "markdown",
    "md": "markdown",
    "nc": "netcdf",
    "ndjson": "txt",
    "nwk": "newick",
    "py": "source.py",
    "rda": "rdata",
    "rst": "txt",
    "sqlite3": "sqlite",
    "tab": "tabular",
    "text": "txt",
    "tgz": "tar.gz",
    "tif": "tiff",
    "tiff": "tiff",
    "tsv": "tabular",
    "xls": "excel.xls",
    "yml": "yaml",
}

#: Endings of two parts.
_COMPOUND = {
    "bed.gz": "gz",
    "csv.gz": "gz",
    "fa.gz": "fasta.gz",
    "fasta.bz2": "fasta.bz2",
    "fasta.gz": "fasta.gz",
    "fastq.bz2": "fastq.bz2",
    "fastq.gz": "fastq.gz",
    "fna.gz": "fasta.gz",
    "fq.gz": "fastq.gz",
    "gff3.gz": "gff3.gz",
    "gtf.gz": "gtf.gz",
    "ome.tif": "ome.tiff",
    "ome.tiff": "ome.tiff",
    "tab.gz": "tabular.gz",
    "tabular.gz": "tabular.gz",
    "tar.bz2": "tar.bz2",
    "tar.gz": "tar.gz",
    "tsv.gz": "tabular.gz",
    "vcf.gz": "vcf_bgzip",
}

#: ending in lower case, without the dot -> datatype
DATATYPES: dict[str, str] = {**{name: name for name in _SAME.split()}, **_OTHER, **_COMPOUND}


def datatype_of(path: str) -> str:
    """Return the Galaxy datatype of a file.

    Parameters
    ----------
    path
        Name or path; only its last part counts, and the case does not.

    Returns
    -------
    str
        A Galaxy extension such as ``csv``; ``data`` when the ending says nothing.
    """
    parts = PurePosixPath(path).name.lower().split(".")[1:]
    for count in (2, 1):
        datatype = DATATYPES.get(".".join(parts[-count:])) if len(parts) >= count else None
        if datatype is not None:
            return datatype
    return UNKNOWN
