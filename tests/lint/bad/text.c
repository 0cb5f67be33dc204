/* lint-as internal/model/text.c expect trailing-space*2 tab-indent columns*2 todo*2 final-newline merge-marker*3 */
/* TODO: later */ 
/* FIXME */	
        /* eight */
/* 0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000 */
#if 0
<<<<<<< ours
=======
>>>>>>> theirs
#endif