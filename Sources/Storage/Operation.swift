/// Every place in the program that touches the file system, by name: the fault points of the crash sweep.
///
/// One call site, one name: a test fails, or kills before or after, exactly this one.
package enum Operation: String, Sendable, CaseIterable {
    // Opening a spool
    case spoolMakeDirectory, spoolReadMarker, spoolCreateMarker, spoolWriteMarker, spoolSyncMarker, spoolCloseMarker
    case spoolLinkMarker, spoolUnlinkTemporary, spoolSyncDirectory
    // Extraction
    case runMakeDirectory, leaseCreate, leaseWrite, leaseClose, leaseOpen, leaseRead, leaseUnlink
    case chunkCreate, chunkWrite, chunkSync, chunkClose, chunkUnlinkFailed
    case entryCreate, entryWrite, entryClose, entryRead
    case inputRejectsCreate, inputRejectsWrite, inputRejectsSync, inputRejectsClose
    case sealCreate, sealWrite, sealSync, sealClose, sealSyncDirectory
    case logMakeDirectory, logSyncParent, logLink, logSyncDirectory, logRead, logList
    case adoptLink, adoptList
    case failureMakeDirectory, failureCreate, failureWrite, failureClose, failureUnlink
    // Publication
    case publishMakeDirectory, publishSyncParent, publishMove, publishLink, publishLinkManifest, publishSyncDirectory
    case publishStatus, publishList, publishUnlinkManifest, publishRemoveDirectory, publishMoveRejects
    case tokenCreate, tokenClose
    // Discard
    case discardList, discardUnlinkManifest, discardUnlink, discardMakeDirectory, discardMove, discardRemoveDirectory
    case trashList, trashStatus
    // Loading
    case seatMakeDirectory, seatList, seatRemoveDirectory, tokenClaim, tokenRelease, readyList, readyReadManifest
    case claimChunk, claimCheck, claimOpen, claimRead, claimClose, handBack, handBackMakeDirectory
    case rejectsCreate, rejectsWrite, rejectsSync, rejectsClose, rejectsSyncDirectory, rejectsSweep
    case buryChunk, buryWhyCreate, buryWhyWrite, buryWhySync, buryWhyClose, buryMakeDirectory, burySyncDirectory
    case retire, retireUnlinkSource, retireLinkManifest, retireMakeDirectory, retireSyncDirectory
    case progressCreate, progressWrite, progressClose, progressRename
    case outcomeCreate, outcomeWrite, outcomeSync, outcomeClose, outcomeLink, outcomeUnlinkTemporary
    case outcomeSyncDirectory, outcomeRead, outcomeReplace, outcomeList
    case closeUnlinkManifest, closeUnlinkOutcome, closeUnlinkProgress, closeUnlinkLeftover, closeRemoveDirectory,
        closeList, closeCheck
    // Parquet files
    case parquetMakeDirectory, parquetStatus, parquetOpen, parquetSync, parquetClose, parquetRename,
        parquetSyncDirectory,
        parquetUnlinkTemporary
    // Recovery
    case sweepList, sweepRemoveEmpty, seizeChunk, seizeToken, seizeUnlinkLease, seizeRemoveDirectory
    // People
    case controlCreate, controlClose, controlStatus, controlUnlink, controlList
    case deadList, deadRead, deadMove, deadUnlinkWhy, deadSyncDirectory, deadSetAside, deadStatus, inventoryList,
        inventoryRead, inventoryStatus
    case fsckList, fsckRead, fsckStatus, fsckMove, fsckMakeDirectory, fsckWrite, doctorProbe, retentionUnlink
    case editedCreate, editedWrite, editedSync, editedClose, editedRead, editedRetire
    case sourceOpen, sourceRead, sourceClose, sourceList, sourceStatus, spaceStatus
}
