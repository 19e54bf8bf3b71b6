# %% [markdown]
# # Bibliography
#
# First most of what the lessons, the exercises and the package cite, with one line on what the course takes from it. Then, for each chapter, where to
# read on; a paper that you miss in the first list stands there, or under *Named without a citation*.
# Terms: [glossary](glossary.ipynb).

# %% [markdown]
# ## Cited in the course
#
# - **Abnar and Zuidema 2020.** Samira Abnar, Willem Zuidema: *Quantifying Attention Flow in Transformers.* ACL 2020,
#   [arXiv:2005.00928](https://arxiv.org/abs/2005.00928). Attention rollout. Chapter 16, `interpretability.rollout`.
# - **Ainslie et al. 2023.** Joshua Ainslie, James Lee-Thorp, Michiel de Jong, Yury Zemlyanskiy, Federico Lebrón, Sumit Sanghai: *GQA: Training
#   Generalized Multi-Query Transformer Models from Multi-Head Checkpoints.* EMNLP 2023, [arXiv:2305.13245](https://arxiv.org/abs/2305.13245). Several
#   heads of queries share one head of keys and values. Chapter 06, lesson and exercise.
# - **Alpaydin and Kaynak 1998.** Ethem Alpaydin, Cenk Kaynak: *Optical Recognition of Handwritten Digits.* UCI Machine Learning Repository, 1998. 8
#   × 8 pixels of 13 writers, as scikit-learn brings them. Chapter 18, `data.digits`.
# - **Annotated Transformer.** Alexander Rush: *The Annotated Transformer.* Workshop for NLP Open Source Software, 2018. The paper of 2017 with code
#   between its paragraphs. Chapter 08 measures what its norm does differently; to be read with chapter 09.
# - **Arora et al. 2024.** Simran Arora, Sabri Eyuboglu, Aman Timalsina, Isys Johnson, Michael Poli, James Zou, Atri Rudra, Christopher Ré:
#   *Zoology: Measuring and Improving Recall in Efficient Language Models.* ICLR 2024, [arXiv:2312.04927](https://arxiv.org/abs/2312.04927). Most of
#   the gap between attention and its rivals in language models comes down to associative recall. Chapter 11.
# - **Ba et al. 2016.** Jimmy Lei Ba, Jamie Ryan Kiros, Geoffrey E. Hinton: *Layer Normalization.* [arXiv:1607.06450](https://arxiv.org/abs/1607.06450).
#   The norm of each token over its own numbers. Chapter 08.
# - **Bai et al. 2018.** Shaojie Bai, J. Zico Kolter, Vladlen Koltun: *An Empirical Evaluation of Generic Convolutional and Recurrent Networks for
#   Sequence Modeling.* [arXiv:1803.01271](https://arxiv.org/abs/1803.01271). Causal dilated convolutions beside recurrence, and the receptive
#   field. Chapter 11.
# - **Beltagy et al. 2020.** Iz Beltagy, Matthew E. Peters, Arman Cohan: *Longformer: The Long-Document Transformer.*
#   [arXiv:2004.05150](https://arxiv.org/abs/2004.05150). Attention in a sliding window. Chapter 14, `efficient.windows`.
# - **Brody et al. 2022.** Shaked Brody, Uri Alon, Eran Yahav: *How Attentive are Graph Attention Networks?* ICLR 2022,
#   [arXiv:2105.14491](https://arxiv.org/abs/2105.14491). Static and dynamic attention, GATv2, and the look-up that tells them apart. Chapter 17,
#   `models.gat`.
# - **Brown et al. 1993.** Peter F. Brown, Stephen A. Della Pietra, Vincent J. Della Pietra, Robert L. Mercer: *The Mathematics of Statistical Machine
#   Translation: Parameter Estimation.* Computational Linguistics 19(2). IBM Model 1, the rival of attention in linking words. Chapter 10,
#   `alignment.IBMModel1`.
# - **Chen and Goodman 1999.** Stanley F. Chen, Joshua Goodman: *An Empirical Study of Smoothing Techniques for Language Modeling.* Computer Speech
#   and Language 13(4). The n-grams beside the GPT. Chapter 13, `compression.NGrams`.
# - **Cho et al. 2014.** Kyunghyun Cho, Bart van Merriënboer, Caglar Gulcehre, Dzmitry Bahdanau, Fethi Bougares, Holger Schwenk, Yoshua Bengio:
#   *Learning Phrase Representations using RNN Encoder–Decoder for Statistical Machine Translation.* EMNLP 2014,
#   [arXiv:1406.1078](https://arxiv.org/abs/1406.1078). The gated recurrent unit. Chapter 11, `recurrence.gru_step`.
# - **Cortes and Vapnik 1995.** Corinna Cortes, Vladimir Vapnik: *Support-Vector Networks.* Machine Learning 20(3). The rival of attention on small
#   images. Chapter 18, `data.digits.rivals`.
# - **Dai et al. 2019.** Zihang Dai, Zhilin Yang, Yiming Yang, Jaime Carbonell, Quoc V. Le, Ruslan Salakhutdinov: *Transformer-XL: Attentive
#   Language Models beyond a Fixed-Length Context.* ACL 2019, [arXiv:1901.02860](https://arxiv.org/abs/1901.02860). Memory of segments, distances in
#   place of positions, the relative shift. Chapter 15, `models.transformer_xl`.
# - **Dao 2023.** Tri Dao: *FlashAttention-2: Faster Attention with Better Parallelism and Work Partitioning.* ICLR 2024,
#   [arXiv:2307.08691](https://arxiv.org/abs/2307.08691). Blocks of queries outside, of keys inside, one division at the end. Chapter 14,
#   `efficient.blockwise`.
# - **Dao et al. 2022.** Tri Dao, Daniel Y. Fu, Stefano Ermon, Atri Rudra, Christopher Ré: *FlashAttention: Fast and Memory-Efficient Exact
#   Attention with IO-Awareness.* NeurIPS 2022, [arXiv:2205.14135](https://arxiv.org/abs/2205.14135). Exact attention by blocks, forward and
#   backward. Chapter 14, `efficient.blockwise`.
# - **DeepSeek-AI 2024.** DeepSeek-AI: *DeepSeek-V2: A Strong, Economical, and Efficient Mixture-of-Experts Language Model.*
#   [arXiv:2405.04434](https://arxiv.org/abs/2405.04434). Latents in place of keys and values. Chapter 14, `efficient.caches`.
# - **Devlin et al. 2019.** Jacob Devlin, Ming-Wei Chang, Kenton Lee, Kristina Toutanova: *BERT: Pre-training of Deep Bidirectional Transformers for
#   Language Understanding.* NAACL 2019, [arXiv:1810.04805](https://arxiv.org/abs/1810.04805). An encoder alone, trained to fill gaps. Has
#   learned positions (chapter 07) and GELU (chapter 08). Chapter 12, `models.bert`.
# - **Dong et al. 2021.** Yihe Dong, Jean-Baptiste Cordonnier, Andreas Loukas: *Attention is Not All You Need: Pure Attention Loses Rank Doubly
#   Exponentially with Depth.* ICML 2021, [arXiv:2103.03404](https://arxiv.org/abs/2103.03404). Without ways past and feed-forward layers all tokens
#   become alike. Chapter 08.
# - **Dosovitskiy et al. 2021.** Alexey Dosovitskiy, Lucas Beyer, Alexander Kolesnikov, Dirk Weissenborn, Xiaohua Zhai, Thomas Unterthiner, Mostafa
#   Dehghani, Matthias Minderer, Georg Heigold, Sylvain Gelly, Jakob Uszkoreit, Neil Houlsby: *An Image is Worth 16x16 Words: Transformers for Image
#   Recognition at Scale.* ICLR 2021, [arXiv:2010.11929](https://arxiv.org/abs/2010.11929). ViT, and the hybrid. Chapter 18, `models.vit`,
#   `models.hybrid`.
# - **Elhage et al. 2021.** Nelson Elhage, Neel Nanda, Catherine Olsson and others: *A Mathematical Framework for Transformer Circuits.* Transformer
#   Circuits Thread, 2021, [transformer-circuits.pub/2021/framework](https://transformer-circuits.pub/2021/framework/index.html). Attention-only
#   models, the residual stream, and how heads of two layers compose. Chapter 16, `models.attention_only`.
# - **Elliott et al. 2016.** Desmond Elliott, Stella Frank, Khalil Sima'an, Lucia Specia: *Multi30K: Multilingual English-German Image Descriptions.*
#   5th Workshop on Vision and Language, 2016, [arXiv:1605.00459](https://arxiv.org/abs/1605.00459). Captions and their translations, for the recipe for
#   real text. Chapter 10, `data.multi30k`.
# - **Elliott et al. 2017.** Desmond Elliott, Stella Frank, Loïc Barrault, Fethi Bougares, Lucia Specia: *Findings of the Second Shared Task on
#   Multimodal Machine Translation and Multilingual Image Description.* WMT 2017, [arXiv:1710.07177](https://arxiv.org/abs/1710.07177). Added the French
#   translations to these captions. Chapter 10, `data.multi30k`.
# - **Elman 1990.** Jeffrey L. Elman: *Finding Structure in Time.* Cognitive Science 14(2). The plain recurrent network. Chapter 11,
#   `recurrence.elman_step`.
# - **Fan et al. 2018.** Angela Fan, Mike Lewis, Yann Dauphin: *Hierarchical Neural Story Generation.* ACL 2018,
#   [arXiv:1805.04833](https://arxiv.org/abs/1805.04833). Top-k. Chapter 13, `sampling.top_k`.
# - **Gers et al. 2000.** Felix A. Gers, Jürgen Schmidhuber, Fred Cummins: *Learning to Forget: Continual Prediction with LSTM.* Neural Computation
#   12(10). The forget gate, and a positive start value for its bias. Chapter 11.
# - **Hochreiter and Schmidhuber 1997.** Sepp Hochreiter, Jürgen Schmidhuber: *Long Short-Term Memory.* Neural Computation 9(8). A cell that is
#   added to. Chapter 11, `recurrence.lstm_step`.
# - **Holtzman et al. 2020.** Ari Holtzman, Jan Buys, Li Du, Maxwell Forbes, Yejin Choi: *The Curious Case of Neural Text Degeneration.* ICLR 2020,
#   [arXiv:1904.09751](https://arxiv.org/abs/1904.09751). Top-p, and why the likeliest text is a dull one. Chapter 13, `sampling.top_p`.
# - **Hu et al. 2018.** Jie Hu, Li Shen, Gang Sun: *Squeeze-and-Excitation Networks.* CVPR 2018,
#   [arXiv:1709.01507](https://arxiv.org/abs/1709.01507). Attention to channels. Chapter 18, `channels`.
# - **Jain and Wallace 2019.** Sarthak Jain, Byron C. Wallace: *Attention is not Explanation.* NAACL 2019,
#   [arXiv:1902.10186](https://arxiv.org/abs/1902.10186). Weights against the effect of tokens, by rank correlation. Chapter 16.
# - **Jordan et al. 2024.** Keller Jordan and others: *Muon: An optimizer for hidden layers in neural networks.* Web page, 2024. An optimizer for
#   matrices, which the package offers beside Adam. Chapters 11 to 13, `training.muon`.
# - **Jozefowicz et al. 2015.** Rafal Jozefowicz, Wojciech Zaremba, Ilya Sutskever: *An Empirical Exploration of Recurrent Network Architectures.*
#   ICML 2015. A forget gate that starts open makes an LSTM better. Chapter 11.
# - **Karpathy 2019.** Andrej Karpathy: *A Recipe for Training Neural Networks.* Blog post, 25 April 2019, karpathy.github.io/2019/04/25/recipe/.
#   The loss at the start, one batch by heart, dependence by the gradient. Chapter 19, `debugging`.
# - **Katharopoulos et al. 2020.** Angelos Katharopoulos, Apoorv Vyas, Nikolaos Pappas, François Fleuret: *Transformers are RNNs: Fast
#   Autoregressive Transformers with Linear Attention.* ICML 2020, [arXiv:2006.16236](https://arxiv.org/abs/2006.16236). Linear attention. Chapter
#   14, `efficient.linear`.
# - **Kingma and Ba 2015.** Diederik P. Kingma, Jimmy Ba: *Adam: A Method for Stochastic Optimization.* ICLR 2015,
#   [arXiv:1412.6980](https://arxiv.org/abs/1412.6980). The optimizer of all lessons that train.
# - **Liu et al. 2018.** Peter J. Liu, Mohammad Saleh, Etienne Pot, Ben Goodrich, Ryan Sepassi, Łukasz Kaiser, Noam Shazeer: *Generating Wikipedia by
#   Summarizing Long Sequences.* ICLR 2018, [arXiv:1801.10198](https://arxiv.org/abs/1801.10198). The decoder alone. Chapter 13.
# - **Liu et al. 2019.** Yinhan Liu, Myle Ott, Naman Goyal, Jingfei Du, Mandar Joshi, Danqi Chen, Omer Levy, Mike Lewis, Luke Zettlemoyer, Veselin
#   Stoyanov: *RoBERTa: A Robustly Optimized BERT Pretraining Approach.* [arXiv:1907.11692](https://arxiv.org/abs/1907.11692). What of BERT's
#   training counts. Chapter 12.
# - **Liu et al. 2020.** Liyuan Liu, Xiaodong Liu, Jianfeng Gao, Weizhu Chen, Jiawei Han: *Understanding the Difficulty of Training Transformers.* EMNLP
#   2020, [arXiv:2004.08249](https://arxiv.org/abs/2004.08249). Another explanation of why post-norm is hard to train, and that it can end up ahead.
#   Chapter 08.
# - **Liu et al. 2021.** Ze Liu, Yutong Lin, Yue Cao, Han Hu, Yixuan Wei, Zheng Zhang, Stephen Lin, Baining Guo: *Swin Transformer: Hierarchical
#   Vision Transformer using Shifted Windows.* ICCV 2021, [arXiv:2103.14030](https://arxiv.org/abs/2103.14030). Attention in windows of an image,
#   shifted in every second layer, and merged places between the stages. Chapter 18, `models.swin`, `efficient.grids`.
# - **Meng et al. 2022.** Kevin Meng, David Bau, Alex Andonian, Yonatan Belinkov: *Locating and Editing Factual Associations in GPT.* NeurIPS 2022,
#   [arXiv:2202.05262](https://arxiv.org/abs/2202.05262). Causal tracing: one vector of a clean run in a damaged one. Chapter 16,
#   `interpretability.patched`.
# - **Milakov and Gimelshein 2018.** Maxim Milakov, Natalia Gimelshein: *Online Normalizer Calculation for Softmax.*
#   [arXiv:1805.02867](https://arxiv.org/abs/1805.02867). The softmax of a row that arrives in parts. Chapter 14.
# - **Nguyen et al. 2024.** Minh Nguyen, Andrew Baker, Clement Neo, Allen Roush, Andreas Kirsch, Ravid Shwartz-Ziv: *Turning Up the Heat: Min-p
#   Sampling for Creative and Coherent LLM Outputs.* [arXiv:2407.01082](https://arxiv.org/abs/2407.01082). Min-p. Chapter 13, `sampling.min_p`.
# - **nostalgebraist 2020.** nostalgebraist: *interpreting GPT: the logit lens.* LessWrong, 2020. Chapter 16, `interpretability.lens`.
# - **Och and Ney 2003.** Franz Josef Och, Hermann Ney: *A Systematic Comparison of Various Statistical Alignment Models.* Computational Linguistics
#   29(1). The alignment error rate. Chapter 10, lesson and exercise.
# - **Olsson et al. 2022.** Catherine Olsson, Nelson Elhage, Neel Nanda and others: *In-context Learning and Induction Heads.* Transformer Circuits
#   Thread, 2022, [arXiv:2209.11895](https://arxiv.org/abs/2209.11895). Induction heads, their score, and the phase change. Chapter 16,
#   `interpretability.induction_score`.
# - **Pang and Lee 2005.** Bo Pang, Lillian Lee: *Seeing Stars: Exploiting Class Relationships for Sentiment Categorization with Respect to Rating
#   Scales.* ACL 2005, [arXiv:cs/0506075](https://arxiv.org/abs/cs/0506075). Sentences of film reviews. Chapter 12, `data.reviews`.
# - **Papineni et al. 2002.** Kishore Papineni, Salim Roukos, Todd Ward, Wei-Jing Zhu: *BLEU: a Method for Automatic Evaluation of Machine Translation.*
#   ACL 2002. BLEU. Chapter 10, lesson and exercises.
# - **Pascanu et al. 2013.** Razvan Pascanu, Tomas Mikolov, Yoshua Bengio: *On the Difficulty of Training Recurrent Neural Networks.* ICML 2013,
#   [arXiv:1211.5063](https://arxiv.org/abs/1211.5063). Why gradients vanish or explode. Chapter 11, `masks.gradient_by_distance`.
# - **Press et al. 2022.** Ofir Press, Noah A. Smith, Mike Lewis: *Train Short, Test Long: Attention with Linear Biases Enables Input Length
#   Extrapolation.* ICLR 2022, [arXiv:2108.12409](https://arxiv.org/abs/2108.12409). ALiBi. Chapter 07, lesson and exercise.
# - **Rabe and Staats 2021.** Markus N. Rabe, Charles Staats: *Self-Attention Does Not Need O(n²) Memory.*
#   [arXiv:2112.05682](https://arxiv.org/abs/2112.05682). Mixing the values as they come. Chapter 14.
# - **Radford et al. 2018.** Alec Radford, Karthik Narasimhan, Tim Salimans, Ilya Sutskever: *Improving Language Understanding by Generative
#   Pre-Training.* OpenAI, 2018. GPT: a decoder alone, trained on much text first. Has learned positions (chapter 07) and GELU (chapter 08). Chapter 13.
# - **Radford et al. 2019.** Alec Radford, Jeffrey Wu, Rewon Child, David Luan, Dario Amodei, Ilya Sutskever: *Language Models are Unsupervised
#   Multitask Learners.* OpenAI, 2019. GPT-2: chapter 13, `models.gpt`. Pieces of words made from bytes, so that no text is unknown: `data.pieces`.
# - **Raffel et al. 2020.** Colin Raffel, Noam Shazeer, Adam Roberts, Katherine Lee, Sharan Narang, Michael Matena, Yanqi Zhou, Wei Li, Peter J. Liu:
#   *Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer.* Journal of Machine Learning Research 21, 2020,
#   [arXiv:1910.10683](https://arxiv.org/abs/1910.10683). A relative position as one learned number on the score. Chapter 07.
# - **Rajpurkar et al. 2016.** Pranav Rajpurkar, Jian Zhang, Konstantin Lopyrev, Percy Liang: *SQuAD: 100,000+ Questions for Machine Comprehension of
#   Text.* EMNLP 2016, [arXiv:1606.05250](https://arxiv.org/abs/1606.05250). Answers that are pieces of a text; exact match and F1. Chapter 12, lesson
#   and exercise.
# - **Schlag et al. 2021.** Imanol Schlag, Kazuki Irie, Jürgen Schmidhuber: *Linear Transformers Are Secretly Fast Weight Programmers.* ICML 2021,
#   [arXiv:2102.11174](https://arxiv.org/abs/2102.11174). The delta rule. Chapter 14, `efficient.linear`.
# - **Sculley et al. 2015.** D. Sculley, Gary Holt, Daniel Golovin, Eugene Davydov, Todd Phillips, Dietmar Ebner, Vinay Chaudhary, Michael Young,
#   Jean-François Crespo, Dan Dennison: *Hidden Technical Debt in Machine Learning Systems.* NeurIPS 2015. What it costs to keep a system that
#   learns right. Chapter 19.
# - **Sennrich et al. 2016.** Rico Sennrich, Barry Haddow, Alexandra Birch: *Neural Machine Translation of Rare Words with Subword Units.* ACL 2016,
#   [arXiv:1508.07909](https://arxiv.org/abs/1508.07909). Byte-pair encoding of words. Chapter 10, exercises; `data.pieces`.
# - **Shannon 1948.** Claude Shannon: *A Mathematical Theory of Communication.* Bell System Technical Journal 27, 1948. Entropy: what nobody can
#   predict, and what a text costs in bits. Chapters 02, 04 and 13, `data.steps`, `compression`.
# - **Shaw et al. 2018.** Peter Shaw, Jakob Uszkoreit, Ashish Vaswani: *Self-Attention with Relative Position Representations.* NAACL 2018,
#   [arXiv:1803.02155](https://arxiv.org/abs/1803.02155). Learned relative positions, and that far distances share one. Chapter 07.
# - **Shazeer 2020.** Noam Shazeer: *GLU Variants Improve Transformer.* [arXiv:2002.05202](https://arxiv.org/abs/2002.05202). The gate in the
#   feed-forward layer. Chapter 13, `layers.SwiGLU`.
# - **Srivastava et al. 2014.** Nitish Srivastava, Geoffrey Hinton, Alex Krizhevsky, Ilya Sutskever, Ruslan Salakhutdinov: *Dropout: A Simple Way to
#   Prevent Neural Networks from Overfitting.* Journal of Machine Learning Research 15, 2014. Dropout. Chapter 08, exercise.
# - **Su et al. 2021.** Jianlin Su, Yu Lu, Shengfeng Pan, Ahmed Murtadha, Bo Wen, Yunfeng Liu: *RoFormer: Enhanced Transformer with Rotary Position
#   Embedding.* [arXiv:2104.09864](https://arxiv.org/abs/2104.09864). Rotary positions. Chapter 07, lesson and exercises; the translator of chapter 10.
# - **Szegedy et al. 2016.** Christian Szegedy, Vincent Vanhoucke, Sergey Ioffe, Jonathon Shlens, Zbigniew Wojna: *Rethinking the Inception Architecture
#   for Computer Vision.* CVPR 2016, [arXiv:1512.00567](https://arxiv.org/abs/1512.00567). Label smoothing. Chapter 09, exercise.
# - **van den Oord et al. 2016.** Aäron van den Oord, Sander Dieleman, Heiga Zen, Karen Simonyan, Oriol Vinyals, Alex Graves, Nal Kalchbrenner,
#   Andrew Senior, Koray Kavukcuoglu: *WaveNet: A Generative Model for Raw Audio.* [arXiv:1609.03499](https://arxiv.org/abs/1609.03499). Causal
#   dilated convolutions with gates. Chapter 11, `convolution`.
# - **Vaswani et al. 2017.** Ashish Vaswani, Noam Shazeer, Niki Parmar, Jakob Uszkoreit, Llion Jones, Aidan N. Gomez, Łukasz Kaiser, Illia Polosukhin:
#   *Attention Is All You Need.* NeurIPS 2017, [arXiv:1706.03762](https://arxiv.org/abs/1706.03762). The Transformer. Its equations stand in chapters 03
#   and 05 to 09, the whole model in chapter 09, `models.transformer`.
# - **Veličković et al. 2018.** Petar Veličković, Guillem Cucurull, Arantxa Casanova, Adriana Romero, Pietro Liò, Yoshua Bengio: *Graph Attention
#   Networks.* ICLR 2018, [arXiv:1710.10903](https://arxiv.org/abs/1710.10903). Attention over the neighbours in a graph. Chapter 17, `models.gat`.
# - **Vig et al. 2020.** Jesse Vig, Sebastian Gehrmann, Yonatan Belinkov, Sharon Qian, Daniel Nevo, Yaron Singer, Stuart Shieber: *Investigating
#   Gender Bias in Language Models Using Causal Mediation Analysis.* NeurIPS 2020, [arXiv:2004.12265](https://arxiv.org/abs/2004.12265). Effects of
#   single neurons and heads by changing them. Chapter 16, `interpretability.patching`.
# - **Wiegreffe and Pinter 2019.** Sarah Wiegreffe, Yuval Pinter: *Attention is not not Explanation.* EMNLP 2019,
#   [arXiv:1908.04626](https://arxiv.org/abs/1908.04626). The reply to Jain and Wallace. Chapter 16.
# - **Woo et al. 2018.** Sanghyun Woo, Jongchan Park, Joon-Young Lee, In So Kweon: *CBAM: Convolutional Block Attention Module.* ECCV 2018,
#   [arXiv:1807.06521](https://arxiv.org/abs/1807.06521). Gates for channels, then for places. Chapter 18.
# - **Wu et al. 2016.** Yonghui Wu, Mike Schuster, Zhifeng Chen, Quoc V. Le, Mohammad Norouzi and others: *Google's Neural Machine Translation System:
#   Bridging the Gap between Human and Machine Translation.* [arXiv:1609.08144](https://arxiv.org/abs/1609.08144). The length penalty of beam search.
#   Chapter 10, exercise; `decoding.beam`.
# - **Xiao et al. 2021.** Tete Xiao, Mannat Singh, Eric Mintun, Trevor Darrell, Piotr Dollár, Ross Girshick: *Early Convolutions Help Transformers
#   See Better.* NeurIPS 2021, [arXiv:2106.14881](https://arxiv.org/abs/2106.14881). A stem of 3 × 3 convolutions before the encoder. Chapter 18,
#   `models.hybrid`.
# - **Xiong et al. 2020.** Ruibin Xiong, Yunchang Yang, Di He, Kai Zheng, Shuxin Zheng, Chen Xing, Huishuai Zhang, Yanyan Lan, Liwei Wang, Tie-Yan Liu:
#   *On Layer Normalization in the Transformer Architecture.* ICML 2020, [arXiv:2002.04745](https://arxiv.org/abs/2002.04745). Pre-norm against
#   post-norm, and why warm-up. Chapter 08, lesson and exercise.
# - **Yang et al. 2024.** Songlin Yang, Bailin Wang, Yu Zhang, Yikang Shen, Yoon Kim: *Parallelizing Linear Transformers with the Delta Rule over
#   Sequence Length.* NeurIPS 2024, [arXiv:2406.06484](https://arxiv.org/abs/2406.06484). The delta rule a chunk at a time. Chapter 14,
#   `efficient.linear`.
# - **Zachary 1977.** Wayne W. Zachary: *An Information Flow Model for Conflict and Fission in Small Groups.* Journal of Anthropological Research
#   33(4). The karate club that split. Chapter 17, `data.karate`.
# - **Zaheer et al. 2020.** Manzil Zaheer, Guru Guruganesh, Avinava Dubey, Joshua Ainslie, Chris Alberti, Santiago Ontanon, Philip Pham, Anirudh
#   Ravula, Qifan Wang, Li Yang, Amr Ahmed: *Big Bird: Transformers for Longer Sequences.* NeurIPS 2020,
#   [arXiv:2007.14062](https://arxiv.org/abs/2007.14062). Window, global and random blocks. Chapter 15, `models.bigbird`.
# - **Zhang and Sennrich 2019.** Biao Zhang, Rico Sennrich: *Root Mean Square Layer Normalization.* NeurIPS 2019,
#   [arXiv:1910.07467](https://arxiv.org/abs/1910.07467). A norm without the mean. A hint of chapter 08; chapter 13, `layers.RMSNorm`.
# - **Zhu and Soricut 2021.** Zhenhai Zhu, Radu Soricut: *H-Transformer-1D: Fast One-Dimensional Hierarchical Attention for Sequences.* ACL 2021,
#   [arXiv:2107.11906](https://arxiv.org/abs/2107.11906). Near keys one by one, far ones in summaries that grow with the distance. Chapter 18,
#   `efficient.scales`.
# - **Zhu et al. 2003.** Xiaojin Zhu, Zoubin Ghahramani, John D. Lafferty: *Semi-Supervised Learning Using Gaussian Fields and Harmonic Functions.*
#   ICML 2003. Labels spread along edges until each node has the mean of its neighbours. Chapter 17, `data.karate`.

# %% [markdown]
# ## Named without a citation
#
# - **Batch norm.** Sergey Ioffe, Christian Szegedy: *Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift.*
#   ICML 2015, [arXiv:1502.03167](https://arxiv.org/abs/1502.03167). A hint of chapter 08.
# - **GELU.** Dan Hendrycks, Kevin Gimpel: *Gaussian Error Linear Units (GELUs).* [arXiv:1606.08415](https://arxiv.org/abs/1606.08415). A hint of
#   chapter 08.
# - **Llama 3.** Aaron Grattafiori, Abhimanyu Dubey and others: *The Llama 3 Herd of Models.* [arXiv:2407.21783](https://arxiv.org/abs/2407.21783). Has
#   the four changes of chapter 13.
# - **Marian.** Marcin Junczys-Dowmunt and others: *Marian: Fast Neural Machine Translation in C++.* ACL 2018,
#   [arXiv:1804.00344](https://arxiv.org/abs/1804.00344). The package's Transformer is compared with Hugging Face's version of it, `parity.from_marian`.
# - **Multi-query attention.** Noam Shazeer: *Fast Transformer Decoding: One Write-Head is All You Need.*
#   [arXiv:1911.02150](https://arxiv.org/abs/1911.02150). Chapter 06.
# - **Residual connection.** Kaiming He, Xiangyu Zhang, Shaoqing Ren, Jian Sun: *Deep Residual Learning for Image Recognition.* CVPR 2016,
#   [arXiv:1512.03385](https://arxiv.org/abs/1512.03385). The way past of chapter 08.
# - **sacrebleu.** Matt Post: *A Call for Clarity in Reporting BLEU Scores.* WMT 2018, [arXiv:1804.08771](https://arxiv.org/abs/1804.08771). The program
#   that computes BLEU in chapter 10.

# %% [markdown]
# ## To read on, chapter by chapter
#
# **00 · Start here.** Charles R. Harris and others: *Array programming with NumPy*, Nature 585, 2020: axes, broadcasting and views on a few pages.
# Alexander Rush: *Tensor Puzzles*, on GitHub: shapes and broadcasting as riddles.
#
# **01 · Dot products.** Stephen Boyd, Lieven Vandenberghe: *Introduction to Applied Linear Algebra*, Cambridge University Press 2018, free on the
# authors' page; chapters 1 and 3 on inner products, lengths and angles. Pentti Kanerva: *Hyperdimensional Computing: An Introduction to Computing in
# Distributed Representation with High-Dimensional Random Vectors*, Cognitive Computation 1, 2009: what can be built on the fact that wide random
# vectors are nearly orthogonal.
#
# **02 · Softmax.** Ian Goodfellow, Yoshua Bengio, Aaron Courville: *Deep Learning*, MIT Press 2016, free on the web; section 4.1 on overflow, with the
# softmax as its example. David MacKay: *Information Theory, Inference, and Learning Algorithms*, Cambridge University Press 2003, free on the web;
# chapter 2 on entropy. Geoffrey Hinton, Oriol Vinyals, Jeff Dean: *Distilling the Knowledge in a Neural Network*,
# [arXiv:1503.02531](https://arxiv.org/abs/1503.02531): what a temperature is good for.
#
# **03 · Scaled dot-product attention.** Dzmitry Bahdanau, Kyunghyun Cho, Yoshua Bengio: *Neural Machine Translation by Jointly Learning to Align and
# Translate*, ICLR 2015, [arXiv:1409.0473](https://arxiv.org/abs/1409.0473): attention before the Transformer, with a sum in place of the dot product.
# Vaswani et al. 2017, section 3.2.1. Alex Henry, Prudhvi Raj Dachapally, Shubham Pawar, Yuxuan Chen: *Query-Key Normalization for Transformers*,
# Findings of EMNLP 2020, [arXiv:2010.04245](https://arxiv.org/abs/2010.04245): queries and keys of length 1 and a learned scale.
#
# **03 · From NumPy to torch.** *Learn the Basics*, among the tutorials of PyTorch: tensors, gradients and modules with more examples. Diederik P.
# Kingma, Jimmy Ba 2015, sections 1 and 2.
#
# **04 · Masks.** Claude Shannon: *Prediction and Entropy of Printed English*, Bell System Technical Journal 30, 1951: how well anybody can predict the
# next letter. The page of `torch.nn.functional.scaled_dot_product_attention` in the documentation of PyTorch: what its masks mean.
#
# **05 · Self-attention.** Manzil Zaheer, Satwik Kottur, Siamak Ravanbakhsh, Barnabás Póczos, Ruslan Salakhutdinov, Alexander Smola: *Deep Sets*,
# NeurIPS 2017, [arXiv:1703.06114](https://arxiv.org/abs/1703.06114), and Juho Lee, Yoonho Lee, Jungtaek Kim, Adam R. Kosiorek, Seungjin Choi, Yee Whye
# Teh: *Set Transformer*, ICML 2019, [arXiv:1810.00825](https://arxiv.org/abs/1810.00825): where not to see order is what is wanted. Nelson Elhage and
# others: *A Mathematical Framework for Transformer Circuits*, transformer-circuits.pub, 2021: where to look and what to read, as two separate products
# of matrices.
#
# **06 · Multi-head attention.** Paul Michel, Omer Levy, Graham Neubig: *Are Sixteen Heads Really Better than One?*, NeurIPS 2019,
# [arXiv:1905.10650](https://arxiv.org/abs/1905.10650), and Elena Voita, David Talbot, Fedor Moiseev, Rico Sennrich, Ivan Titov: *Analyzing Multi-Head
# Self-Attention: Specialized Heads Do the Heavy Lifting, the Rest Can Be Pruned*, ACL 2019, [arXiv:1905.09418](https://arxiv.org/abs/1905.09418): what
# trained heads do, and how many can be taken away.
#
# **07 · Positions.** Adi Haviv, Ori Ram, Ofir Press, Peter Izsak, Omer Levy: *Transformer Language Models without Positional Encodings Still Learn
# Positional Information*, Findings of EMNLP 2022, [arXiv:2203.16634](https://arxiv.org/abs/2203.16634): with many layers a causal mask alone gives much
# more than the trace of order that the lesson finds with one. Amirhossein Kazemnejad, Inkit Padhi, Karthikeyan Natesan Ramamurthy, Payel Das, Siva
# Reddy: *The Impact of Positional Encoding on Length Generalization in Transformers*, NeurIPS 2023,
# [arXiv:2305.19466](https://arxiv.org/abs/2305.19466): the lesson's race with larger models and other tasks, and another winner: no positions at all.
#
# **08 · The Transformer block.** He et al. 2016, above, for the way past. Mor Geva, Roei Schuster, Jonathan Berant, Omer Levy: *Transformer
# Feed-Forward Layers Are Key-Value Memories*, EMNLP 2021, [arXiv:2012.14913](https://arxiv.org/abs/2012.14913): what the two thirds of the parameters
# do.
#
# **09 · Encoder and decoder.** The Annotated Transformer, above. Samy Bengio, Oriol Vinyals, Navdeep Jaitly, Noam Shazeer: *Scheduled Sampling for
# Sequence Prediction with Recurrent Neural Networks*, NeurIPS 2015, [arXiv:1506.03099](https://arxiv.org/abs/1506.03099): training that now and then
# lets a model read what it wrote itself. Rafael Müller, Simon Kornblith, Geoffrey Hinton: *When Does Label Smoothing Help?*, NeurIPS 2019,
# [arXiv:1906.02629](https://arxiv.org/abs/1906.02629).
#
# **10 · Training a translator.** Yun Chen, Yang Liu, Guanhua Chen, Xin Jiang, Qun Liu: *Accurate Word Alignment Induction from Neural Machine
# Translation*, EMNLP 2020, [arXiv:2004.14837](https://arxiv.org/abs/2004.14837): links words by the row in which a word is *read*, with success; so
# which row is right depends on model and layer, and must be measured. Brenden Lake, Marco Baroni: *Generalization without Systematicity: On the
# Compositional Skills of Sequence-to-Sequence Recurrent Networks*, ICML 2018, [arXiv:1711.00350](https://arxiv.org/abs/1711.00350): unseen combinations
# of known words. Felix Stahlberg, Bill Byrne: *On NMT Search Errors and Model Errors: Cat Got Your Tongue?*, EMNLP 2019,
# [arXiv:1908.10090](https://arxiv.org/abs/1908.10090): the likeliest translation of all is often the empty one.
#
# **13 · GPT.** Tom B. Brown and others: *Language Models are Few-Shot Learners*, NeurIPS 2020, [arXiv:2005.14165](https://arxiv.org/abs/2005.14165):
# what the same question teaches a model a thousand times as large as the smallest GPT-2. Grégoire Delétang and others: *Language Modeling Is
# Compression*, ICLR 2024, [arXiv:2309.10668](https://arxiv.org/abs/2309.10668): models and packers in one unit, on pictures and sound, too. Sean
# Welleck, Ilia Kulikov, Stephen Roller, Emily Dinan, Kyunghyun Cho, Jason Weston: *Neural Text Generation with Unlikelihood Training*, ICLR 2020,
# [arXiv:1908.04319](https://arxiv.org/abs/1908.04319): why the best answer, taken each time, goes round in circles.
#
# **16 · Interpretability.** Kevin Wang, Alexandre Variengien, Arthur Conmy, Buck Shlegeris, Jacob Steinhardt: *Interpretability in the Wild: a
# Circuit for Indirect Object Identification in GPT-2 small*, ICLR 2023, [arXiv:2211.00593](https://arxiv.org/abs/2211.00593): the same tools on a
# real model, with heads that stand in for others. Goro Kobayashi, Tatsuki Kuribayashi, Sho Yokoi, Kentaro Inui: *Attention is Not Only a Weight:
# Analyzing Transformers with Vector Norms*, EMNLP 2020, [arXiv:2004.10102](https://arxiv.org/abs/2004.10102): weights times the size of what is
# read.
#
# **19 · Debugging attention.** Andrej Karpathy: *A Recipe for Training Neural Networks*, karpathy.github.io, 2019: in which order to look. D. Sculley and
# others: *Hidden Technical Debt in Machine Learning Systems*, NeurIPS 2015: what it costs to keep a learning system right, once it is in use.

# %% [markdown]
# ## Books for the whole way
#
# - Aston Zhang, Zachary C. Lipton, Mu Li, Alexander J. Smola: *Dive into Deep Learning*, free at d2l.ai,
#   [arXiv:2106.11342](https://arxiv.org/abs/2106.11342). Notebooks; one chapter on attention and Transformers.
# - Simon J. D. Prince: *Understanding Deep Learning*, MIT Press 2023, free on the author's page. Chapter 12 is on Transformers.
# - Dan Jurafsky, James H. Martin: *Speech and Language Processing*, third edition, draft, free on the authors' page. Language models, Transformers and
#   machine translation.
# - Philipp Koehn: *Neural Machine Translation*, [arXiv:1709.07809](https://arxiv.org/abs/1709.07809). Written in 2017 as a chapter of a textbook:
#   search, pieces of words, alignment.
# - Mary Phuong, Marcus Hutter: *Formal Algorithms for Transformers*, [arXiv:2207.09238](https://arxiv.org/abs/2207.09238). Much of chapters 03 to 09 as
#   exact pseudocode.
