"""Which of GDAL's drivers may open what users give, and how GDAL is told so before it is imported.

GDAL knows some two hundred formats. Some are only lists of other files and addresses (VRT, STAC, WMS), some run
programs or queries: none of them is needed here. Everything that is not on the list is left out by name, in the
environment of the process that reads; `strange` tells when GDAL knows a driver that is on neither list.
"""

import os
from collections.abc import Iterable, Mapping

READING = ("GeoJSON", "GPKG", "ESRI Shapefile", "FlatGeobuf", "GTiff")
"""Drivers that open files from users. Parquet, .xlsx and OpenStreetMap extracts are read without GDAL."""

WORKING = (*READING, "MEM", "Memory", "PNG", "COG", "JPEG")
"""What jobs need besides, for rasters in memory and pictures: drivers that reach no other file."""

_LEFT_OUT = (
    "AAIGrid,ACE2,ADBC,ADRG,AeronavFAA,AIG,AirSAR,AIRSAR,AIVector,AmigoCloud,ArcGen,ARG,Arrow,AVCBin,AVCE00,AVIF,"
    "BAG,BASISU,BIGGIF,BLX,BMP,BNA,BSB,BT,BYN,CAD,CALS,Carto,CEOS,Cloudant,COASP,COSAR,CouchDB,CPG,CSV,CSW,"
    "CTable2,CTG,DAAS,DB2ODBC,DDS,DERIVED,DGN,DGNv8,DIMAP,DIPEx,DODS,DOQ1,DOQ2,DTED,DWG,DXF,E00GRID,ECRGTOC,ECW,"
    "EDIGEO,EEDA,EEDAI,EHdr,EIR,ELAS,Elasticsearch,ENVI,ERS,ESAT,ESRIC,ESRIJSON,EXR,FAST,FileGDB,FIT,FITS,GDALG,"
    "GenBin,Geoconcept,GeoJSONSeq,GEORASTER,GeoRaster,GeoRSS,GFF,GFT,GIF,GML,GMLAS,GMT,GNMDatabase,GNMFile,"
    "GPSBabel,GPX,GRASS,GRASSASCIIGrid,GRIB,GS7BG,GSAG,GSBG,GSC,GTFS,GTI,GTX,GXF,HANA,HDF4,HDF4Image,HDF5,"
    "HDF5Image,HEIF,HF2,HFA,HTF,HTTP,IDA,Idrisi,ILWIS,Informix,INFORMIX,INGR,Ingres,Interlis 1,Interlis 2,IRIS,"
    "ISCE,ISG,ISIS2,ISIS3,JAXAPALSAR,JDEM,JML,JP2ECW,JP2KAK,JP2MrSID,JP2OpenJPEG,JPEGLS,JPEGXL,JPIPKAK,JSONFG,"
    "KEA,KML,KMLSUPEROVERLAY,KRO,KTX2,L1B,LAN,LCP,Leveller,LIBERTIFF,LIBKML,LOSLAS,LVBAG,MAP,MapInfo File,MapML,"
    "MBTiles,MFF,MFF2,MG4Lidar,MiraMon,MiraMonRaster,MiraMonVector,MongoDB,MongoDBv3,MRF,MrSID,MSGN,MSSQLSpatial,"
    "MVT,MySQL,NAS,NDF,netCDF,NGSGEOID,NGW,NITF,NOAA_B,NSIDCbin,NTv2,NULL,NWT_GRC,NWT_GRD,OAPIF,OCI,ODBC,ODS,"
    "OGCAPI,OGDI,OGR_DODS,OGR_GMT,OGR_GRASS,OGR_OGDI,OGR_PDS,OGR_SDTS,OGR_VRT,OpenAir,OpenFileGDB,OSM,OZI,"
    "Parquet,PAux,PCIDSK,PCRaster,PDF,PDS,PDS4,PGDUMP,PGeo,PLMOSAIC,PLSCENES,PMTiles,PNM,PostGISRaster,"
    "PostgreSQL,PRF,R,RASDAMAN,Rasdaman,Rasterlite,RCM,RDB,REC,RIK,RMF,ROI_PAC,RPFTOC,RRASTER,RS2,RST,S102,S104,"
    "S111,S57,SAFE,SAGA,SAR_CEOS,SDE,SDTS,SEGUKOOA,SEGY,Selafin,SENTINEL2,SGI,SIGDEM,SNAP_TIFF,SNODAS,SOSI,"
    "SQLite,SRP,SRTMHGT,STACIT,STACTA,SUA,SVG,SXF,Terragen,TGA,TIGER,TIL,TILEDB,TileDB,TopoJSON,TSX,UK .NTF,"
    "USGSDEM,VDV,VFK,VICAR,VRT,VRTTI,Walk,WAsP,WCS,WEBP,WFS,WKTRaster,WMS,WMTS,XLS,XLSX,XODR,XPlane,XPM,XYZ,Zarr,"
    "ZMap"
)


def environment() -> Mapping[str, str]:
    """Return the environment in which GDAL opens nothing but these formats, and reaches no network or other file.

    It counts only when it is there before GDAL is imported. GDAL warns of every driver on the list that it lacks:
    what it writes to stderr is let go, errors come as exceptions.
    """
    return {
        "GDAL_SKIP": _LEFT_OUT, "CPL_LOG": os.devnull, "GDAL_DRIVER_PATH": "disable", "GDAL_VRT_ENABLE_PYTHON": "NO",
        "OGR_SQLITE_ALLOW_EXTERNAL_ACCESS": "NO", "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
        "GDAL_HTTP_MAX_RETRY": "0", "GDAL_HTTP_CONNECTTIMEOUT": "1", "PROJ_NETWORK": "OFF",
        "OGR_GEOJSON_MAX_OBJ_SIZE": "64", "GDAL_CACHEMAX": "64", "GDAL_NUM_THREADS": "1",
    }  # fmt: skip


def strange(drivers: Iterable[str]) -> list[str]:
    """Return the drivers that should not be there: GDAL is newer than the list, or was imported without it."""
    return sorted(set(drivers) - set(WORKING))
